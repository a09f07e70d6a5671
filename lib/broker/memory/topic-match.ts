/**
 * AMQP's rule for topic bindings: words are parted by dots, `*` stands for one word, `#` for any number, none included.
 * Walks both lists once and goes back only to the last `#`, so no pattern from outside can make it slow.
 */
export function topicMatches(pattern: readonly string[], words: readonly string[]): boolean {
  let p = 0;
  let w = 0;
  let hashAt = -1;
  let hashTakenTo = 0;
  while (w < words.length) {
    if (pattern[p] === '#') {
      hashAt = p;
      hashTakenTo = w;
      p += 1;
    } else if (p < pattern.length && (pattern[p] === '*' || pattern[p] === words[w])) {
      p += 1;
      w += 1;
    } else if (hashAt !== -1) {
      hashTakenTo += 1;
      w = hashTakenTo;
      p = hashAt + 1;
    } else {
      return false;
    }
  }
  while (pattern[p] === '#') p += 1;
  return p === pattern.length;
}

/**
 * Where a part of a chord came from: the chord is for whoever consumes there, which has the tasks of that application and
 * the place to send its body to. Result backends are shared more widely than that.
 * @param brokerUrl without credentials
 */
export function chordHome(brokerUrl: string, queue: string): string {
  return `${queue} at ${brokerUrl}`;
}

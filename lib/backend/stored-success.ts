/**
 * Lua patterns that a stored document matches when its status is SUCCESS. They look at where the document's own status
 * stands, so no result can pretend to be one: JSON and msgpack documents begin with it, in Python's spelling or ours; in
 * YAML, whose keys Python sorts, only a key of the document itself begins a line.
 */
export function successPatterns(contentType: string): readonly Buffer[] {
  return (PATTERNS.get(contentType) ?? []).map((pattern) => Buffer.from(pattern, 'latin1'));
}

const JSON_PATTERN = '^{"status": ?"SUCCESS"';

const PATTERNS = new Map<string, readonly string[]>([
  ['application/json', [JSON_PATTERN]],
  // A map of up to 15 members, or of more.
  ['application/x-msgpack', ['^[\x80-\x8f]\xa6status\xa7SUCCESS', '^\xde..\xa6status\xa7SUCCESS']],
  // Ours is written as JSON.
  ['application/x-yaml', [JSON_PATTERN, '^status: "?SUCCESS"?\n', '\nstatus: "?SUCCESS"?\n']],
]);

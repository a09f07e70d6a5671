import { script } from '../redis/redis.script.js';

/**
 * One script per step of a chord. Members of `parts` are Celery's; they are read here for their task ids alone, and
 * never written anew. Times are the server's.
 *
 * - parts: zset of the parts that have ended, by their number (`.j`)
 * - extra: how many were added later (`.t`)
 * - size: how many the sender knew of (`.s`)
 * - chord: hash of `body`, `root`; `size`, `deadline`, `keep` from its opening; `token`, `until`, `missing` of a claim;
 *   `seen`, when it was first seen complete and claimed by nobody (`.c`)
 * - held: the parts of a claimed chord, where a Python worker no longer counts them (`.k`)
 * - ids: what is known by its id: parts without a number, and parts that were added (`.i`)
 * - open: zset of chords by the time at which a sweep looks at them
 * - over: zset of chords by the time at which they were closed
 * - homes: hash of the homes of open chords, where their parts have told them
 */
const NAMES = 'parts, extra, size, chord, held, ids, open, over, homes';

const PRELUDE = `
local ${NAMES} = unpack(KEYS)
local gid = ARGV[1]
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
`;

/** Chords that one sweep sees, those of others too: so many at a time, so often. */
const DUE_PAGE = 1_000;
const DUE_PAGES = 10;

/** KEYS of the chord. ARGV group id, size, body, root, ms until it is lost, life of its keys, ms to the next look. */
export const OPEN = script(`${PRELUDE}
if redis.call('ZSCORE', over, gid) then return 0 end
local known = redis.call('HMGET', chord, 'size', 'token')
if known[1] or known[2] then return 0 end
local deadline = now + ARGV[5]
redis.call('HSET', chord, 'size', ARGV[2], 'body', ARGV[3], 'root', ARGV[4], 'deadline', deadline, 'keep', ARGV[6])
redis.call('SET', size, ARGV[2])
for _, key in ipairs({parts, extra, size, chord, ids}) do redis.call('PEXPIRE', key, ARGV[6]) end
redis.call('ZADD', open, math.min(deadline, now + ARGV[7]), gid)
return 1
`);

/** KEYS of the chord. ARGV group id, life of its keys, task ids. */
export const GROW = script(`${PRELUDE}
if redis.call('ZSCORE', over, gid) or redis.call('HEXISTS', chord, 'token') == 1 then return 0 end
local added = 0
for index = 3, #ARGV do added = added + redis.call('SADD', ids, 'added ' .. ARGV[index]) end
if added == 0 then return 0 end
local keep = redis.call('HGET', chord, 'keep') or ARGV[2]
redis.call('INCRBY', extra, added)
redis.call('PEXPIRE', extra, keep)
redis.call('PEXPIRE', ids, keep)
return added
`);

/** Functions of the scripts that claim; ARGV 1 to 4 are the group id, the claim's token, its lease and the life of keys. */
const claiming = (firstPattern: number): string => `${PRELUDE}
local token, lease, keep = ARGV[2], ARGV[3], ARGV[4]

local function idOf(member)
  for index = ${firstPattern}, #ARGV do
    local id = string.match(member, ARGV[index])
    if id then return id end
  end
  return member
end

local function distinct()
  local seen, count = {}, 0
  for _, member in ipairs(redis.call('ZRANGE', parts, 0, -1)) do
    local id = idOf(member)
    if not seen[id] then
      seen[id] = true
      count = count + 1
    end
  end
  return count
end

local function total(sizeAtOpening)
  local known = redis.call('GET', size) or sizeAtOpening
  return known and known + (redis.call('GET', extra) or 0)
end

local function again(missing)
  redis.call('HSET', chord, 'token', token, 'until', now + lease, 'missing', missing)
  redis.call('ZADD', open, now + lease, gid)
  local kept = redis.call('HMGET', chord, 'body', 'root', 'keep')
  redis.call('PEXPIRE', chord, kept[3] or keep)
  redis.call('PEXPIRE', held, kept[3] or keep)
  return {tonumber(missing), kept[1], kept[2], redis.call('ZRANGE', held, 0, -1)}
end

local function claim(missing)
  if redis.call('EXISTS', parts) == 1 then redis.call('RENAME', parts, held) end
  redis.call('DEL', extra, size, ids)
  return again(missing)
end
`;

/**
 * KEYS of the chord. ARGV as for `claiming`, ms until a chord that others sent is lost, ms to the next look, the part,
 * its number or '+inf', body, root, task id, home or '', patterns of task ids. Returns 0 repeated, 1 counted, or the claim.
 */
export const COUNT = script(`${claiming(13)}
if redis.call('ZSCORE', over, gid) then return 0 end
local known = redis.call('HMGET', chord, 'token', 'until', 'missing', 'size', 'keep', 'body')
if known[1] then
  if known[1] ~= token and tonumber(known[2]) > now then return 0 end
  return again(known[3])
end

local member, score = ARGV[7], ARGV[8]
local life = known[5] or keep
if score == '+inf' then
  if redis.call('SADD', ids, 'part ' .. ARGV[11]) == 0 then return 0 end
  redis.call('PEXPIRE', ids, life)
else
  local id = idOf(member)
  for _, other in ipairs(redis.call('ZRANGEBYSCORE', parts, score, score)) do
    if idOf(other) == id then return 0 end
  end
end
redis.call('ZADD', parts, score, member)
redis.call('PEXPIRE', parts, life)

if not known[6] then redis.call('HSET', chord, 'body', ARGV[9], 'root', ARGV[10]) end
if ARGV[12] ~= '' then redis.call('HSET', homes, gid, ARGV[12]) end
if not known[4] then
  redis.call('HSET', chord, 'deadline', now + ARGV[5])
  for _, key in ipairs({extra, size, chord}) do redis.call('PEXPIRE', key, life) end
  redis.call('ZADD', open, 'NX', now + math.min(ARGV[5], ARGV[6]), gid)
end

local needed = total(known[4])
if not needed or redis.call('ZCARD', parts) < needed or distinct() < needed then return 1 end
return claim(0)
`);

/**
 * Looks at a chord whose time has come. A Python worker that has counted the last part finishes the chord by itself; as it
 * renews nothing it gets two leases. KEYS of the chord. ARGV as for `claiming`, ms to the next look, patterns of task ids. Returns
 * the claim, or 0 when somebody else has finished it.
 */
export const LOOK = script(`${claiming(6)}
local due = redis.call('ZSCORE', open, gid)
local known = redis.call('HMGET', chord, 'token', 'until', 'missing', 'size', 'deadline', 'body', 'seen')
if known[1] == token then return again(known[3]) end
if not due or tonumber(due) > now then return false end

-- Python workers that count in lists (result_chord_ordered) have the chord to themselves.
if not known[6] or redis.call('TYPE', parts).ok == 'list' then
  redis.call('ZREM', open, gid)
  redis.call('HDEL', homes, gid)
  return false
end
if not known[1] and redis.call('EXISTS', parts, size) == 0 then return 0 end
if known[1] then
  if tonumber(known[2]) <= now then return again(known[3]) end
  redis.call('ZADD', open, known[2], gid)
  return false
end

local needed, came = total(known[4]), distinct()
if needed and came >= needed then
  local until_ = (known[7] or now) + 2 * lease
  if until_ <= now then return claim(0) end
  redis.call('HSETNX', chord, 'seen', now)
  redis.call('ZADD', open, until_, gid)
  return false
end
local deadline = tonumber(known[5])
if deadline <= now then return claim(needed and needed - came or 1) end
redis.call('HDEL', chord, 'seen')
redis.call('ZADD', open, math.min(deadline, now + ARGV[5]), gid)
return false
`);

/** KEYS of the chord. ARGV group id, how long it is remembered in ms, how many are remembered. */
export const CLOSE = script(`${PRELUDE}
redis.call('DEL', parts, extra, size, chord, held, ids)
redis.call('ZREM', open, gid)
redis.call('HDEL', homes, gid)
redis.call('ZADD', over, now, gid)
redis.call('ZREMRANGEBYSCORE', over, '-inf', now - ARGV[2])
redis.call('ZREMRANGEBYRANK', over, 0, -1 - ARGV[3])
redis.call('PEXPIRE', over, ARGV[2])
return 1
`);

/** KEYS of the chord. ARGV group id, token, its lease. */
export const RENEW = script(`${PRELUDE}
if redis.call('HGET', chord, 'token') ~= ARGV[2] then return 0 end
redis.call('HSET', chord, 'until', now + ARGV[3])
redis.call('ZADD', open, now + ARGV[3], gid)
return 1
`);

/** KEYS of the chord. ARGV group id, token. */
export const RELEASE = script(`${PRELUDE}
if redis.call('HGET', chord, 'token') ~= ARGV[2] then return 0 end
redis.call('HSET', chord, 'until', 0)
redis.call('ZADD', open, now, gid)
return 1
`);

/**
 * KEYS one registry, that of its homes. ARGV how many at most, ms after which a chord that nobody of its home has looked at is
 * anybody's (all else that was kept of it has expired by then), homes. Returns the group ids whose time has come.
 */
export const DUE = script(`
local open, homes = unpack(KEYS)
local limit, forgotten = tonumber(ARGV[1]), tonumber(ARGV[2])
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local mine, found = {}, {}
for index = 3, #ARGV do mine[ARGV[index]] = true end
for page = 0, ${DUE_PAGES - 1} do
  local due = redis.call('ZRANGEBYSCORE', open, '-inf', now, 'WITHSCORES', 'LIMIT', page * ${DUE_PAGE}, ${DUE_PAGE})
  if #due == 0 or #found == limit then break end
  local ids = {}
  for index = 1, #due, 2 do ids[#ids + 1] = due[index] end
  local theirs = redis.call('HMGET', homes, unpack(ids))
  for index, id in ipairs(ids) do
    local isMine = not theirs[index] or mine[theirs[index]] or due[2 * index] + forgotten < now
    if isMine and #found < limit then found[#found + 1] = id end
  end
end
return found
`);

/**
 * Lua patterns of the task id in a part, as Python or we write it: in JSON and msgpack a list of four, in YAML also in
 * blocks. The id is compared as it is spelled.
 */
export function taskIdPatterns(contentType: string): readonly Buffer[] {
  return (PATTERNS.get(contentType) ?? []).map((pattern) => Buffer.from(pattern, 'latin1'));
}

const JSON_PATTERN = '^%[1, ?"(.-[^\\])"';

const PATTERNS = new Map<string, readonly string[]>([
  ['application/json', [JSON_PATTERN]],
  // A string of up to 31 bytes, or of up to 255. What follows the id is no ASCII.
  [
    'application/x-msgpack',
    ['^\x94\x01[\xa0-\xbf]([\x01-\x7f]*)[\x80-\xff]', '^\x94\x01\xd9.([\x01-\x7f]*)[\x80-\xff]'],
  ],
  ['application/x-yaml', [JSON_PATTERN, '^%- 1\n%- [\'"]?([^\'"\n]*)', '^%[1, ([^,\n]*), ']],
]);

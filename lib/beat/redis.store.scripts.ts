import { script } from '../redis/redis.script.js';

// Values of the hash of entries are `<revision> <JSON>`, so that a script can compare the revision without parsing.

const NOW = `
local time = redis.call('TIME')
local nowMs = time[1] * 1000 + math.floor(time[2] / 1000)
`;

/**
 * KEYS entries. ARGV channel, name, JSON of the entry without what stays, now, timing, 1 if it runs at its instant even
 * when that has passed.
 */
export const PUT = script(`
local old = redis.call('HGET', KEYS[1], ARGV[2])
local entry = cjson.decode(ARGV[3])
local revision = 1
entry.sinceMs = ARGV[6] == '1' and '0' or ARGV[4]
entry.floorMs = '0'
if old then
  local space = string.find(old, ' ', 1, true)
  local was = cjson.decode(string.sub(old, space + 1))
  if was.document == entry.document and was.timing == entry.timing and was.origin == entry.origin then return 0 end
  revision = string.sub(old, 1, space - 1) + 1
  if was.timing == entry.timing then entry.sinceMs = was.sinceMs end
  entry.enabled = was.enabled
  entry.floorMs = was.floorMs
end
redis.call('HSET', KEYS[1], ARGV[2], string.format('%d ', revision) .. cjson.encode(entry))
redis.call('PUBLISH', ARGV[1], ARGV[2])
return 1
`);

/** KEYS entries, states. ARGV channel, name. Returns how many there were. */
export const REMOVE = script(`
local removed = redis.call('HDEL', KEYS[1], ARGV[2])
redis.call('HDEL', KEYS[2], ARGV[2])
if removed == 1 then redis.call('PUBLISH', ARGV[1], ARGV[2]) end
return removed
`);

/** KEYS entries. ARGV channel, name, 1 or 0, now. Returns 0 when there is no such entry. */
export const ENABLE = script(`
local old = redis.call('HGET', KEYS[1], ARGV[2])
if not old then return 0 end
local space = string.find(old, ' ', 1, true)
local entry = cjson.decode(string.sub(old, space + 1))
entry.enabled = ARGV[3] == '1'
entry.floorMs = ARGV[4]
redis.call('HSET', KEYS[1], ARGV[2], string.format('%d ', string.sub(old, 1, space - 1) + 1) .. cjson.encode(entry))
redis.call('PUBLISH', ARGV[1], ARGV[2])
return 1
`);

/** KEYS control. ARGV channel, 1 or 0, now. */
export const PAUSE = script(`
if (redis.call('HGET', KEYS[1], 'paused') or '0') == ARGV[2] then return 0 end
redis.call('HSET', KEYS[1], 'paused', ARGV[2], 'floorMs', ARGV[3])
redis.call('HINCRBY', KEYS[1], 'revision', 1)
redis.call('PUBLISH', ARGV[1], '')
return 1
`);

/**
 * KEYS lease, terms. ARGV owner, lease ms. The lease is `<fence> <owner>`, and Redis ends it by its own clock.
 * Returns 1, fence, ms since the last sign of life of a leader (-1: none); or 0, ms until the lease ends.
 */
export const TAKE_TERM = script(`${NOW}
local held = redis.call('GET', KEYS[1])
local alive = redis.call('HGET', KEYS[2], 'aliveMs')
local gap = alive and math.max(0, nowMs - alive) or -1
if held and string.sub(held, string.find(held, ' ', 1, true) + 1) ~= ARGV[1] then
  return { 0, redis.call('PTTL', KEYS[1]) }
end
local fence = held and tonumber(string.match(held, '^%d+')) or redis.call('HINCRBY', KEYS[2], 'fence', 1)
redis.call('SET', KEYS[1], string.format('%d ', fence) .. ARGV[1], 'PX', ARGV[2])
redis.call('HSET', KEYS[2], 'aliveMs', string.format('%.0f', nowMs))
return { 1, fence, gap }
`);

/** KEYS lease, terms. ARGV lease as it must be, lease ms. Returns 0 when it is another's. */
export const KEEP_TERM = script(`${NOW}
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
redis.call('PEXPIRE', KEYS[1], ARGV[2])
redis.call('HSET', KEYS[2], 'aliveMs', string.format('%.0f', nowMs))
return 1
`);

/** KEYS lease. ARGV lease as it must be, channel. */
export const END_TERM = script(`
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
redis.call('DEL', KEYS[1])
redis.call('PUBLISH', ARGV[2], '')
return 1
`);

/**
 * The fence, the entry and its state are looked at, the message is pushed and the state written, all in one step.
 * KEYS lease, entries, states, control, then a list per message. ARGV lease, name, revision, revision of the control,
 * state as it must be, state after, then the messages.
 */
export const MOVE = script(`
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 'lost' end
local entry = redis.call('HGET', KEYS[2], ARGV[2])
if not entry then return 'stale' end
local state = redis.call('HGET', KEYS[3], ARGV[2]) or ''
if state == ARGV[6] then return 'moved' end
if state ~= ARGV[5] or string.match(entry, '^%d+') ~= ARGV[3] then return 'stale' end
if (redis.call('HGET', KEYS[4], 'revision') or '0') ~= ARGV[4] then return 'stale' end
for index = 5, #KEYS do
  local kind = redis.call('TYPE', KEYS[index]).ok
  if kind ~= 'none' and kind ~= 'list' then return redis.error_reply('WRONGTYPE ' .. KEYS[index] .. ' is no list') end
end
for index = 5, #KEYS do redis.call('LPUSH', KEYS[index], ARGV[index + 2]) end
redis.call('HSET', KEYS[3], ARGV[2], ARGV[6])
return 'moved'
`);

import { script } from '../../redis/redis.script.js';

/**
 * The Lua, one script a constant, each with its contract. All take server time, none decodes a message (cjson would
 * change numbers and empty lists), and each checks everything that can fail before its first write, because Redis does
 * not take back what a failed script wrote. A held message is the text `[` message `, "", "<queue>"]`, which kombu's
 * own restore understands; `suffix` below is what follows the message in it.
 */
const NOW = `
local time = redis.call('TIME')
local nowMs = time[1] * 1000 + math.floor(time[2] / 1000)
local nowSeconds = string.format('%d.%06d', time[1], time[2])
local function ms(value) return string.format('%.0f', value) end
`;

/**
 * Takes up to `want` (at most a few hundred) messages and records them as held, in one step.
 * KEYS unacked, index, leases, then the lists step by step, each step's queues in the order to serve them.
 * ARGV want, tag prefix, number of the first tag, lease ms, steps, queues, then the step values, then a suffix per queue.
 * Tags are `<prefix><9 digits>:<step value>`.
 * Returns for each message: queue (0-based), step (0-based), text; for a key that is no list: -1, key, ''.
 */
export const CLAIM = script(`${NOW}
redis.call('HLEN', KEYS[1]) redis.call('ZCARD', KEYS[2]) redis.call('ZCARD', KEYS[3])
local want, prefix, number, lease = tonumber(ARGV[1]), ARGV[2], tonumber(ARGV[3]), ms(nowMs + ARGV[4])
local steps, queues = tonumber(ARGV[5]), tonumber(ARGV[6])
local out, held, index, leases = {}, {}, {}, {}
for step = 1, steps do
  local open = {}
  for queue = 1, queues do open[queue] = queue end
  while want > 0 and #open > 0 do
    local share, still = math.max(1, math.floor(want / #open)), {}
    for _, queue in ipairs(open) do
      local take = math.min(share, want)
      if take <= 0 then break end
      local key = KEYS[3 + (step - 1) * queues + queue]
      local got = redis.pcall('RPOP', key, take)
      if got and got.err then
        out[#out + 1] = -1 out[#out + 1] = key out[#out + 1] = ''
      elseif got then
        for _, message in ipairs(got) do
          local tag = prefix .. string.format('%09d', number) .. ':' .. ARGV[6 + step]
          held[#held + 1] = tag held[#held + 1] = '[' .. message .. ARGV[6 + steps + queue]
          index[#index + 1] = nowSeconds index[#index + 1] = tag
          leases[#leases + 1] = lease leases[#leases + 1] = tag
          number = number + 1
          out[#out + 1] = queue - 1 out[#out + 1] = step - 1 out[#out + 1] = message
        end
        want = want - #got
        if #got == take then still[#still + 1] = queue end
      end
    end
    open = still
  end
end
if #held > 0 then
  redis.call('HSET', KEYS[1], unpack(held))
  redis.call('ZADD', KEYS[2], unpack(index))
  redis.call('ZADD', KEYS[3], unpack(leases))
end
return out
`);

/**
 * Finds which of these tags are held, after a claim whose answer was lost, and renews them.
 * KEYS unacked, index, leases. ARGV lease ms, tags. Returns tag, held text for each found.
 */
export const RECLAIM = script(`${NOW}
local out = {}
for i = 2, #ARGV do
  local held = redis.call('ZSCORE', KEYS[3], ARGV[i]) and redis.call('HGET', KEYS[1], ARGV[i])
  if held then
    redis.call('ZADD', KEYS[3], ms(nowMs + ARGV[1]), ARGV[i])
    redis.call('ZADD', KEYS[2], nowSeconds, ARGV[i])
    out[#out + 1] = ARGV[i] out[#out + 1] = held
  end
end
return out
`);

/**
 * Renews leases, and the index score with them, so that Python's visibility timeout never runs out for live work.
 * KEYS index, leases. ARGV lease ms, tags. Returns the positions (0-based) of the tags that are ours no more.
 */
export const RENEW = script(`${NOW}
local lost, lease = {}, ms(nowMs + ARGV[1])
for i = 2, #ARGV do
  if redis.call('ZSCORE', KEYS[2], ARGV[i]) then
    redis.call('ZADD', KEYS[2], lease, ARGV[i])
    redis.call('ZADD', KEYS[1], nowSeconds, ARGV[i])
  else
    lost[#lost + 1] = i - 2
  end
end
return lost
`);

/**
 * Settles messages for good. KEYS unacked, index, leases. ARGV tags (at most a few thousand).
 * Returns the positions (0-based) of the tags that were ours no more.
 */
export const ACK = script(`
local lost = {}
for i = 1, #ARGV do
  if redis.call('HDEL', KEYS[1], ARGV[i]) == 0 then lost[#lost + 1] = i - 1 end
end
redis.call('ZREM', KEYS[2], unpack(ARGV))
redis.call('ZREM', KEYS[3], unpack(ARGV))
return lost
`);

/**
 * Puts held messages into lists again, with the text given or, for an empty text, exactly as they came.
 * A message moves only while its lease is the one expected (or, with none expected, while it has one): whoever settled,
 * renewed or restored it in between wins, so nothing is doubled.
 * KEYS unacked, index, leases, then a list per message. ARGV RPUSH (front) or LPUSH (back), then per message: tag,
 * expected lease or '', length of the suffix, text. Returns 1 or 0 per message.
 */
export const RESTORE = script(`
local out = {}
for i = 1, #KEYS - 3 do
  local at = 2 + (i - 1) * 4
  local tag, expected, list = ARGV[at], ARGV[at + 1], KEYS[3 + i]
  local lease = redis.call('ZSCORE', KEYS[3], tag)
  local held = lease and (expected == '' or lease == expected) and redis.call('HGET', KEYS[1], tag)
  out[i] = 0
  if held then
    local message = ARGV[at + 3]
    if message == '' then message = string.sub(held, 2, -(ARGV[at + 2] + 1)) end
    redis.call('HDEL', KEYS[1], tag)
    local pushed = redis.pcall(ARGV[1], list, message)
    if type(pushed) == 'table' and pushed.err then
      redis.call('HSET', KEYS[1], tag, held)
    else
      redis.call('ZREM', KEYS[2], tag)
      redis.call('ZREM', KEYS[3], tag)
      out[i] = 1
    end
  end
end
return out
`);

/**
 * Selects messages whose lease ran out, and Python's whose visibility timeout did, newest first, and takes them for
 * `take` ms so that other sweepers leave them alone; a sweeper that dies here only delays them by that.
 * KEYS unacked, index, leases. ARGV limit, take ms, visibility timeout in seconds.
 * Returns the lease now on all of them, then tag and held text each.
 */
export const SELECT_LOST = script(`${NOW}
local tags = redis.call('ZREVRANGEBYSCORE', KEYS[3], ms(nowMs), '-inf', 'LIMIT', 0, ARGV[1])
local old = redis.call('ZREVRANGEBYSCORE', KEYS[2], string.format('%.3f', nowMs / 1000 - ARGV[3]), '-inf', 'LIMIT', 0, ARGV[1])
for _, tag in ipairs(old) do
  if not redis.call('ZSCORE', KEYS[3], tag) then tags[#tags + 1] = tag end
end
local lease = ms(nowMs + ARGV[2])
local out = { lease }
for _, tag in ipairs(tags) do
  local held = redis.call('HGET', KEYS[1], tag)
  if held then
    redis.call('ZADD', KEYS[3], lease, tag)
    out[#out + 1] = tag out[#out + 1] = held
  else
    redis.call('ZREM', KEYS[2], tag)
    redis.call('ZREM', KEYS[3], tag)
  end
end
return out
`);

/**
 * Puts held messages away until they are due, byte for byte.
 * KEYS unacked, index, leases, delayed, delayed messages. ARGV per message: tag, wait ms, length of the suffix, list.
 * Returns the positions (0-based) of the tags that were ours no more.
 */
export const DEFER = script(`${NOW}
redis.call('ZCARD', KEYS[4]) redis.call('HLEN', KEYS[5])
local lost = {}
for i = 1, #ARGV, 4 do
  local tag, list = ARGV[i], ARGV[i + 3]
  local held = redis.call('HGET', KEYS[1], tag)
  if held then
    redis.call('HDEL', KEYS[1], tag)
    redis.call('HSET', KEYS[5], tag, #list .. ':' .. list .. string.sub(held, 2, -(ARGV[i + 2] + 1)))
    redis.call('ZADD', KEYS[4], ms(nowMs + ARGV[i + 1]), tag)
  else
    lost[#lost + 1] = (i - 1) / 4
  end
  redis.call('ZREM', KEYS[2], tag)
  redis.call('ZREM', KEYS[3], tag)
end
return lost
`);

/** How messages begin that were recalled: JSON as before, with a space that no writer of JSON puts there. */
export const RECALLED = Buffer.from('{ ');

/**
 * Makes deferred messages due, in the order given, and marks them as recalled.
 * KEYS delayed, delayed messages. ARGV tags; those that nothing is deferred under are left out.
 */
export const RECALL = script(`
for i = 1, #ARGV do
  local entry = redis.call('HGET', KEYS[2], ARGV[i])
  if entry then
    local colon = string.find(entry, ':', 1, true)
    local from = colon + string.sub(entry, 1, colon - 1)
    if string.sub(entry, from + 1, from + 2) == '{"' then
      redis.call('HSET', KEYS[2], ARGV[i], string.sub(entry, 1, from) .. '${RECALLED.toString()}' .. string.sub(entry, from + 2))
    end
    redis.call('ZADD', KEYS[1], 'XX', i, ARGV[i])
  end
end
return 0
`);

/**
 * Puts messages away that stand among the first of a list, if they are there still; the others keep their places.
 * KEYS delayed, delayed messages, list. ARGV how many to look at, then per message: SHA-1, wait ms, tag. Returns the tags.
 */
export const SIFT = script(`${NOW}
redis.call('ZCARD', KEYS[1]) redis.call('HLEN', KEYS[2])
local chosen, kept, put = {}, {}, {}
for i = 2, #ARGV, 3 do chosen[ARGV[i]] = i end
for _, message in ipairs(redis.call('RPOP', KEYS[3], ARGV[1]) or {}) do
  local sha = redis.sha1hex(message)
  local at = chosen[sha]
  if at then
    chosen[sha] = nil
    redis.call('HSET', KEYS[2], ARGV[at + 2], #KEYS[3] .. ':' .. KEYS[3] .. message)
    redis.call('ZADD', KEYS[1], ms(nowMs + ARGV[at + 1]), ARGV[at + 2])
    put[#put + 1] = ARGV[at + 2]
  else
    kept[#kept + 1] = message
  end
end
for i = #kept, 1, -1 do redis.call('RPUSH', KEYS[3], kept[i]) end
return put
`);

/**
 * The oldest messages that came into a list after one of them. KEYS list. ARGV that one or '', how far from the newest it is
 * searched for, how many of the newest when it is not there, how many at most.
 * Returns 1 when these are all, else 0; then the messages, the newest first.
 */
export const CAME_AFTER = script(`
local at = ARGV[1] ~= '' and redis.call('LPOS', KEYS[1], ARGV[1], 'MAXLEN', ARGV[2])
local count = at or math.min(tonumber(ARGV[3]), redis.call('LLEN', KEYS[1]))
if count == 0 then return { 1 } end
local from = math.max(0, count - ARGV[4])
local found = redis.call('LRANGE', KEYS[1], from, count - 1)
table.insert(found, 1, from == 0 and 1 or 0)
return found
`);

/**
 * Brings messages to the front of their list, behind the first ones, if they stand among the newest still.
 * KEYS list. ARGV how many of the first stay in front, among how many of the newest to look, messages (the newest first).
 * Returns how many moved.
 */
export const ADVANCE = script(`
local moved = {}
for i = 3, #ARGV do
  if redis.call('LPOS', KEYS[1], ARGV[i], 'MAXLEN', ARGV[2]) then
    redis.call('LREM', KEYS[1], 1, ARGV[i])
    moved[#moved + 1] = ARGV[i]
  end
end
if #moved == 0 then return 0 end
local first = tonumber(ARGV[1])
local front = first > 0 and redis.call('RPOP', KEYS[1], first) or {}
for i = 1, #moved do redis.call('RPUSH', KEYS[1], moved[i]) end
for i = #front, 1, -1 do redis.call('RPUSH', KEYS[1], front[i]) end
return #moved
`);

/**
 * Moves due messages to the front of their lists, the earliest foremost.
 * The lists stand inside the stored entries; with Redis Cluster the hash tag keeps them on the same node.
 * KEYS delayed, delayed messages. ARGV limit, ms until a message whose key is no list is tried again.
 * Returns how many moved, and ms until the next is due (-1: there is none).
 */
export const MOVE_DUE = script(`${NOW}
local due = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', ms(nowMs), 'LIMIT', 0, ARGV[1])
local moved = 0
for i = #due, 1, -1 do
  local entry = redis.call('HGET', KEYS[2], due[i])
  if entry then
    local colon = string.find(entry, ':', 1, true)
    local from = colon + string.sub(entry, 1, colon - 1)
    redis.call('HDEL', KEYS[2], due[i])
    local pushed = redis.pcall('RPUSH', string.sub(entry, colon + 1, from), string.sub(entry, from + 1))
    if type(pushed) == 'table' and pushed.err then
      redis.call('HSET', KEYS[2], due[i], entry)
      redis.call('ZADD', KEYS[1], ms(nowMs + ARGV[2]), due[i])
    else
      redis.call('ZREM', KEYS[1], due[i])
      moved = moved + 1
    end
  else
    redis.call('ZREM', KEYS[1], due[i])
  end
end
local first = redis.call('ZRANGE', KEYS[1], 0, 0, 'WITHSCORES')
local wait = -1
if first[2] then wait = math.max(0, math.ceil(first[2] - nowMs)) end
return { moved, wait }
`);

/**
 * Counts the held messages of a queue: those whose text ends as its does, Python's too.
 * KEYS unacked. ARGV the ending, the most that are looked at. Returns their number, or -1 when there are more than that.
 */
export const COUNT_HELD = script(`
if redis.call('HLEN', KEYS[1]) > tonumber(ARGV[2]) then return -1 end
local found = 0
for _, held in ipairs(redis.call('HVALS', KEYS[1])) do
  if string.sub(held, -string.len(ARGV[1])) == ARGV[1] then found = found + 1 end
end
return found
`);

import { script } from '../../redis/redis.script.js';
import { HANDED_MS, LEASE_MS } from './limit-store.js';
import { LONGEST_WAIT_MS } from './rate-bucket.js';

/**
 * The Lua of cluster-wide limits: what `rate.line.ts` and `run.line.ts` do, with the server's clock. A rate has two keys, a
 * limit on runs has four; wishes say where in KEYS theirs begin, as many share them:
 *
 * | key | holds |
 * |---|---|
 * | starts | hash: `interval`, `promised` and `used` as in `RateLine` |
 * | turns | sorted set: ticket → when its start is |
 * | runs | sorted set: `p:` permit or `t:` ticket on its way → when it ends unless renewed |
 * | line | sorted set: ticket → its place |
 * | marks | hash: ticket → mark |
 * | pace | hash: `due` and `average`, where nothing can be recalled |
 *
 * Every key goes by itself once nobody uses it.
 */
const HEAD = `
local time = redis.call('TIME')
local now = time[1] * 1000 + time[2] / 1000
local LEASE, HANDED, LONGEST = ${LEASE_MS}, ${HANDED_MS}, ${LONGEST_WAIT_MS}
local called = {}
local function ms(value) return string.format('%.3f', value) end
local function live(key, forMs) redis.call('PEXPIRE', key, string.format('%.0f', forMs)) end
local function spread(random) return LONGEST * (0.5 + random / 2) end
local function serve(at, max)
  local runs = KEYS[at]
  local free = max - redis.call('ZCARD', runs)
  if free <= 0 then return end
  local first = redis.call('ZPOPMIN', KEYS[at + 1], free)
  for i = 1, #first, 2 do
    local ticket = first[i]
    called[#called + 1] = redis.call('HGET', KEYS[at + 2], ticket) or ''
    redis.call('HDEL', KEYS[at + 2], ticket)
    redis.call('ZADD', runs, ms(now + HANDED), 't:' .. ticket)
    live(runs, 2 * LEASE)
  end
end
local clean = {}
local function purge(at)
  local runs = KEYS[at]
  if clean[runs] then return end
  clean[runs] = true
  redis.call('ZREMRANGEBYSCORE', runs, '-inf', ms(now))
end
`;

/**
 * Asks for the starts and permits of wishes, one after the other.
 * ARGV slack ms, 1 where messages can be recalled else 0, 1 to take what is granted else 0; then per wish: ticket, permit, place of its rate in KEYS ('' for
 * none), interval ms, burst, place of its limit on runs ('' for none), max, random.
 * Returns kind (0 go, 1 rate, 2 concurrency) and wait in ms for each, and the marks to recall.
 */
export const ASK = script(`${HEAD}
local slack, recalls, takes = tonumber(ARGV[1]), ARGV[2] == '1', ARGV[3] == '1'
local out = {}
local function rateWait(at, ticket, interval, burst, random)
  local starts, turns = KEYS[at], KEYS[at + 1]
  local kept = redis.call('HMGET', starts, 'interval', 'promised', 'used')
  local promised, used = tonumber(kept[2] or 0), tonumber(kept[3] or 0)
  if kept[1] ~= interval then promised = 0 end
  local step = tonumber(interval)
  local ahead = (burst - 1) * step
  local turn = redis.call('ZSCORE', turns, ticket)
  turn = turn and tonumber(turn)
  local function keep(newPromised, newUsed)
    redis.call('HSET', starts, 'interval', interval, 'promised', ms(newPromised), 'used', ms(newUsed))
    live(starts, math.max(newPromised, newUsed) - now + LONGEST)
  end
  local may = used - ahead - slack <= now
  if may and ((turn and turn <= now) or (not turn and promised - ahead <= now)) then
    return 0, function()
      if turn then redis.call('ZREM', turns, ticket) else promised = math.max(promised, now) + step end
      keep(promised, math.max(used, now) + step)
    end
  end
  if turn and turn > now then return turn - now end
  local last = math.max(promised, used)
  local due = math.max(last - ahead, now)
  if due - now > LONGEST then
    if turn then redis.call('ZREM', turns, ticket) end
    return spread(random)
  end
  redis.call('ZADD', turns, ms(due), ticket)
  live(turns, 2 * LONGEST)
  keep(math.max(last, now) + step, used)
  return math.max(1, due - now)
end
local function lineWait(at, ticket, max, random)
  if recalls then
    local before = redis.call('ZRANK', KEYS[at + 1], ticket) or redis.call('ZCARD', KEYS[at + 1])
    if before < 2 * max then return LEASE end
    return spread(random)
  end
  local pace = redis.call('HMGET', KEYS[at + 3], 'due', 'average')
  local due = math.max(now, tonumber(pace[1] or 0)) + tonumber(pace[2] or 100) / max * 0.7
  if due - now > LONGEST then return spread(random) end
  redis.call('HSET', KEYS[at + 3], 'due', ms(due))
  live(KEYS[at + 3], 2 * LONGEST)
  return due - now
end
for arg = 4, #ARGV, 8 do
  local ticket, permit = ARGV[arg], 'p:' .. ARGV[arg + 1]
  local rateAt, runsAt = tonumber(ARGV[arg + 2]), tonumber(ARGV[arg + 5])
  local max, random = tonumber(ARGV[arg + 6]), tonumber(ARGV[arg + 7])
  local kind, wait = 0, 0
  local runs, handed = runsAt and KEYS[runsAt], 't:' .. ticket
  if runs then
    purge(runsAt)
    local room = redis.call('ZCARD', runs) < max or redis.call('ZSCORE', runs, handed) or redis.call('ZSCORE', runs, permit)
    if not room then kind, wait = 2, lineWait(runsAt, ticket, max, random) end
  end
  if kind == 0 and rateAt then
    local start
    wait, start = rateWait(rateAt, ticket, ARGV[arg + 3], tonumber(ARGV[arg + 4]), random)
    if wait > 0 then kind = 1 elseif takes then start() end
  end
  if runs and takes and kind < 2 then
    redis.call('ZREM', runs, handed)
    if redis.call('ZREM', KEYS[runsAt + 1], ticket) == 1 then redis.call('HDEL', KEYS[runsAt + 2], ticket) end
    if kind == 0 then
      redis.call('ZADD', runs, ms(now + LEASE), permit)
      live(runs, 2 * LEASE)
    end
    serve(runsAt, max)
  end
  out[#out + 1] = kind
  out[#out + 1] = string.format('%.0f', math.ceil(wait))
end
return { out, called }
`);

/** Puts tickets into their lines. ARGV per wish: place of its limit in KEYS, max, ticket, mark. Returns the marks to recall. */
export const LINE_UP = script(`${HEAD}
local lengthened = {}
for arg = 1, #ARGV, 4 do
  local at, max, ticket, mark = tonumber(ARGV[arg]), tonumber(ARGV[arg + 1]), ARGV[arg + 2], ARGV[arg + 3]
  purge(at)
  if redis.call('ZSCORE', KEYS[at], 't:' .. ticket) then
    called[#called + 1] = mark
  else
    redis.call('ZADD', KEYS[at + 1], 'NX', ms(now + arg / 1000), ticket)
    redis.call('HSET', KEYS[at + 2], ticket, mark)
    lengthened[at] = max
  end
end
for at, max in pairs(lengthened) do
  live(KEYS[at + 1], 2 * LONGEST)
  live(KEYS[at + 2], 2 * LONGEST)
  serve(at, max)
end
return called
`);

/**
 * Gives permits back, or lets go of what was kept for tickets. ARGV per wish: permit or '', ticket or '', place of its rate
 * in KEYS or '', place of its limit on runs or '', max, ms that the permit was used or ''. Returns the marks to recall.
 */
export const LEAVE = script(`${HEAD}
for arg = 1, #ARGV, 6 do
  local permit, ticket = ARGV[arg], ARGV[arg + 1]
  local rateAt, at = tonumber(ARGV[arg + 2]), tonumber(ARGV[arg + 3])
  local max, ran = tonumber(ARGV[arg + 4]), tonumber(ARGV[arg + 5])
  if rateAt and ticket ~= '' and redis.call('ZREM', KEYS[rateAt + 1], ticket) == 1 then
    local kept = redis.call('HMGET', KEYS[rateAt], 'interval', 'promised')
    if kept[1] then redis.call('HSET', KEYS[rateAt], 'promised', ms(kept[2] - kept[1])) end
  end
  if at then
    purge(at)
    if permit ~= '' then redis.call('ZREM', KEYS[at], 'p:' .. permit) end
    if ticket ~= '' then
      redis.call('ZREM', KEYS[at], 't:' .. ticket)
      redis.call('ZREM', KEYS[at + 1], ticket)
      redis.call('HDEL', KEYS[at + 2], ticket)
    end
    if ran then
      local average = tonumber(redis.call('HGET', KEYS[at + 3], 'average') or ran)
      redis.call('HSET', KEYS[at + 3], 'average', ms(average * 0.9 + ran * 0.1))
      live(KEYS[at + 3], 2 * LONGEST)
    end
    serve(at, max)
  end
end
return called
`);

/** Renews permits. ARGV per wish: place of its limit in KEYS, permit. */
export const RENEW = script(`${HEAD}
for arg = 1, #ARGV, 2 do
  local runs = KEYS[tonumber(ARGV[arg])]
  redis.call('ZADD', runs, ms(now + LEASE), 'p:' .. ARGV[arg + 1])
  live(runs, 2 * LEASE)
end
return 0
`);

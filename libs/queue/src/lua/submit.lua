-- Submits tasks that have no row yet, each with a note by which it is recorded within seconds. They are indexed as what
-- waits with attempt 0, so that the repair finds the recorded task in its queue and puts no second entry beside it.
-- Refused as a whole by a full Redis: its first write needs memory.
--
-- KEYS  1 unrecorded  2 delayed  3 idx  4-13 ready lists, priority 9 to 0
-- ARGV  1 delayMs, from now by Redis' clock  2 dueAtMs, used when delayMs is 0 (0: at once), then id, priority, json of each
-- Returns how many there were.
local unrecorded, delayed, idx, tasks = KEYS[1], KEYS[2], KEYS[3], KEYS[13]
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local delayMs, dueAt = tonumber(ARGV[1]), tonumber(ARGV[2])
if delayMs > 0 then
  dueAt = now + delayMs
elseif dueAt <= now then
  dueAt = 0
end

local count, woken = 0, false
for i = 3, #ARGV, 3 do
  local id, priority, json = ARGV[i], tonumber(ARGV[i + 1]), ARGV[i + 2]
  local due = string.format('%.0f', dueAt)
  redis.call('HSET', unrecorded, id, due .. ' ' .. json)
  -- An id that waits already keeps what is known of it.
  redis.call('HSETNX', idx, id, dueAt > 0 and '0@' .. due or '0')
  if dueAt > 0 then
    redis.call('ZADD', delayed, dueAt, json)
  else
    redis.call('LPUSH', KEYS[13 - priority], json)
    woken = woken or priority > 0
  end
  count = count + 1
end
-- Workers block on the priority-0 list alone; the mark wakes one of them for the others.
if woken and redis.call('LLEN', tasks) == 0 then
  redis.call('LPUSH', tasks, '*')
end
return count

-- Gives back what waits in the landing list of a worker that has been silent, to be taken next.
-- The first write deletes, so it works on a full Redis.
--
-- KEYS  1 workers  2 landing  3 the priority-0 ready list
-- ARGV  1 workerId  2 olderThanMs, how long it must have been silent  3 limit
-- Returns how many were given back; -1 when the worker was heard of since.
local workers, landing, ready = KEYS[1], KEYS[2], KEYS[3]
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local beat = tonumber(redis.call('ZSCORE', workers, ARGV[1]) or 0)
if beat > now - tonumber(ARGV[2]) then
  return -1
end

local moved = 0
-- Newest first, so that the oldest ends rightmost.
for _, json in ipairs(redis.call('LPOP', landing, tonumber(ARGV[3])) or {}) do
  if json ~= '*' then
    redis.call('RPUSH', ready, json)
    moved = moved + 1
  end
end
if redis.call('LLEN', landing) == 0 then
  redis.call('ZREM', workers, ARGV[1])
end
return moved

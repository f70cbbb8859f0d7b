-- Extends leases, and marks the worker that holds them as alive.
--
-- KEYS  1 processing  2 leases  3 workers
-- ARGV  1 workerId; empty: says nothing about any worker  2 leaseMs, then id, token of each hold
-- Returns id, reason of each hold that was not extended: `missing` (nobody holds it) or `other` (another claim does).
local processing, leases, workers = KEYS[1], KEYS[2], KEYS[3]
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)

-- Deletes nothing, but a script whose first write deletes is not refused by a full Redis.
redis.call('ZREM', workers, '')
if ARGV[1] ~= '' then
  redis.call('ZADD', workers, now, ARGV[1])
end

local ids = {}
for i = 3, #ARGV, 2 do
  ids[#ids + 1] = ARGV[i]
end
if #ids == 0 then
  return {}
end

local lost, extended = {}, {}
local held = redis.call('HMGET', processing, unpack(ids))
for i, id in ipairs(ids) do
  local token = ARGV[2 + i * 2]
  if not held[i] then
    lost[#lost + 1], lost[#lost + 2] = id, 'missing'
  elseif string.sub(held[i], 1, #token + 1) == token .. ' ' then
    extended[#extended + 1], extended[#extended + 2] = now + tonumber(ARGV[2]), id
  else
    lost[#lost + 1], lost[#lost + 2] = id, 'other'
  end
end
if #extended > 0 then
  redis.call('ZADD', leases, unpack(extended))
end
return lost

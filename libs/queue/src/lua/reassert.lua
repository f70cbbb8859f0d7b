-- Puts running tasks back into `processing` after Redis lost their holds.
--
-- `attempt` is the number that the start gate gave. A hold by that attempt or a later entry stays; one of an earlier
-- entry is a stale hint and is replaced. The hold is kept under the attempt before, the one of the entry that was
-- claimed, so that the retry of this attempt may be enqueued while it is still held.
--
-- KEYS  1 processing  2 leases
-- ARGV  1 workerId  2 leaseMs, then id, token, attempt, json of each
-- Returns the ids that were put back.
local processing, leases = KEYS[1], KEYS[2]
local time = redis.call('TIME')
local expiresAt = time[1] * 1000 + math.floor(time[2] / 1000) + tonumber(ARGV[2])

-- Deletes nothing, but a script whose first write deletes is not refused by a full Redis.
redis.call('HDEL', processing, '')
local restored = {}
for i = 3, #ARGV, 4 do
  local id, token, attempt, json = ARGV[i], ARGV[i + 1], tonumber(ARGV[i + 2]), ARGV[i + 3]
  local held = redis.call('HGET', processing, id)
  local heldAttempt = held and tonumber(string.match(held, '^%S+ %S+ (%-?%d+) '))
  if not heldAttempt or heldAttempt < attempt then
    redis.call('HSET', processing, id, token .. ' ' .. ARGV[1] .. ' ' .. (attempt - 1) .. ' ' .. json)
    redis.call('ZADD', leases, expiresAt, id)
    restored[#restored + 1] = id
  end
end
return restored

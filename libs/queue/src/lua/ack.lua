-- Lets go of tasks that are done with. A hold that is gone or belongs to another claim is left alone.
-- The only writes delete, so it works on a full Redis.
--
-- KEYS  1 processing  2 leases
-- ARGV  id, token of each hold
-- Returns how many were released.
local processing, leases = KEYS[1], KEYS[2]
local ids, own = {}, {}
for i = 1, #ARGV, 2 do
  ids[#ids + 1] = ARGV[i]
end
local held = redis.call('HMGET', processing, unpack(ids))
for i, id in ipairs(ids) do
  local token = ARGV[i * 2]
  if held[i] and string.sub(held[i], 1, #token + 1) == token .. ' ' then
    own[#own + 1] = id
  end
end
if #own == 0 then
  return 0
end
redis.call('ZREM', leases, unpack(own))
return redis.call('HDEL', processing, unpack(own))

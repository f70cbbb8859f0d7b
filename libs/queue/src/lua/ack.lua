-- Lets go of tasks that are done with. A hold that is gone or belongs to another claim is left alone.
-- The only writes delete, so it works on a full Redis.
--
-- KEYS  1 processing  2 leases
-- ARGV  groups of holds with the same token: token, how many ids, the ids
-- Returns how many were released.
local processing, leases = KEYS[1], KEYS[2]
local ids, tokens, count = {}, {}, 0
local at = 1
while at < #ARGV do
  local token, last = ARGV[at], at + 1 + tonumber(ARGV[at + 1])
  for i = at + 2, last do
    count = count + 1
    ids[count], tokens[count] = ARGV[i], token
  end
  at = last + 1
end

local own, released = {}, 0
local held = redis.call('HMGET', processing, unpack(ids))
for i = 1, count do
  local token = tokens[i]
  -- Looked for in place: a piece cut out to be compared would be a new text for each hold.
  if held[i] and string.find(held[i], token, 1, true) == 1 and string.byte(held[i], #token + 1) == 32 then
    released = released + 1
    own[released] = ids[i]
  end
end
if released == 0 then
  return 0
end
redis.call('ZREM', leases, unpack(own))
return redis.call('HDEL', processing, unpack(own))

-- Sets claimed entries aside that turned out to be unreadable, each as JSON: `reason` and `entry`, its text. A hold that is none of ours, but that somebody wrote into
-- `processing`, is set aside whatever the token.
-- The first write deletes, so it works on a full Redis.
--
-- KEYS  1 processing  2 leases  3 bad
-- ARGV  1 entries kept in `bad`  2 bytes kept of each, then id, token, reason, entry ('': what the hold has of it) of each
-- Returns how many were set aside.
local processing, leases, bad = KEYS[1], KEYS[2], KEYS[3]
local count = 0
for i = 3, #ARGV, 4 do
  local id, token, reason, given = ARGV[i], ARGV[i + 1], ARGV[i + 2], ARGV[i + 3]
  local held = redis.call('HGET', processing, id)
  local json = held and string.match(held, '^%S+ %S+ %-?%d+ (.*)$')
  if held and (not json or string.sub(held, 1, #token + 1) == token .. ' ') then
    redis.call('HDEL', processing, id)
    redis.call('ZREM', leases, id)
    local text = given ~= '' and given or json or held
    local entry = cjson.encode(string.sub(text, 1, tonumber(ARGV[2])))
    redis.call('LPUSH', bad, '{"reason":' .. cjson.encode(reason) .. ',"entry":' .. entry .. '}')
    count = count + 1
  end
end
if count > 0 then
  redis.call('LTRIM', bad, 0, tonumber(ARGV[1]) - 1)
end
return count

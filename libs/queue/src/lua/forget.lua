-- Takes the entry of a task that has ended out of the delayed set, where it would lie until it is due.
--
-- `idx` knows when that is, so that only the entries of that very millisecond are looked at, at most `limit` of them. An
-- entry that is ready or not found stays: the start gate drops it.
-- The first write deletes, so it works on a full Redis.
--
-- KEYS  1 idx  2 delayed
-- ARGV  1 id  2 attempt  3 limit
-- Returns how many entries were removed.
local idx, delayed, id, attempt = KEYS[1], KEYS[2], ARGV[1], ARGV[2]
local waits, dueAt = string.match(redis.call('HGET', idx, id) or '', '^(%d+)@(%d+)$')
if waits ~= attempt then
  return 0
end
local head = '{"id":"' .. id .. '","attempt":' .. attempt .. ','
for _, json in ipairs(redis.call('ZRANGEBYSCORE', delayed, dueAt, dueAt, 'LIMIT', 0, tonumber(ARGV[3]))) do
  if string.sub(json, 1, #head) == head then
    redis.call('ZREM', delayed, json)
    redis.call('HDEL', idx, id)
    return 1
  end
end
return 0

-- Counts one queue at one moment.
--
-- KEYS  1 delayed  2 processing  3 bad  4 unrecorded  5 idx  6-15 ready lists, priority 9 to 0
-- Returns ready, delayed, processing, bad, unrecorded, indexed.
local ready = 0
for list = 6, 15 do
  ready = ready + redis.call('LLEN', KEYS[list])
end
-- A wake mark goes only to an empty list, so it stands rightmost, unless a task was put back beside it.
if redis.call('LINDEX', KEYS[15], -1) == '*' then
  ready = ready - 1
end
return {
  ready,
  redis.call('ZCARD', KEYS[1]),
  redis.call('HLEN', KEYS[2]),
  redis.call('LLEN', KEYS[3]),
  redis.call('HLEN', KEYS[4]),
  redis.call('HLEN', KEYS[5]),
}

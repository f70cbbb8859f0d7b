-- Counts one queue at one moment.
--
-- KEYS  1 delayed  2 processing  3 bad  4 unrecorded  5 idx  6-15 ready lists, priority 9 to 0, then any landing lists
-- Returns ready, delayed, processing, bad, unrecorded, indexed, landed.
local ready = 0
for list = 6, 15 do
  ready = ready + redis.call('LLEN', KEYS[list])
end
-- A wake mark goes only to an empty list, so it stands rightmost, unless a task was put back beside it.
if redis.call('LINDEX', KEYS[15], -1) == '*' then
  ready = ready - 1
end
local landed = 0
for list = 16, #KEYS do
  landed = landed + redis.call('LLEN', KEYS[list])
end
return {
  ready,
  redis.call('ZCARD', KEYS[1]),
  redis.call('HLEN', KEYS[2]),
  redis.call('LLEN', KEYS[3]),
  redis.call('HLEN', KEYS[4]),
  redis.call('HLEN', KEYS[5]),
  landed,
}

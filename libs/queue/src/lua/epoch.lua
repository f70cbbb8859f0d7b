-- Reads the mark that is gone when Redis lost its data, and sets it again when it is.
--
-- KEYS  1 epoch
-- ARGV  1 the new mark
-- Returns the mark as it now is, and 1 when it had to be set.
local epoch = redis.call('GET', KEYS[1])
if epoch then
  return { epoch, 0 }
end
-- Deletes nothing, but a script whose first write deletes is not refused by a full Redis.
redis.call('DEL', KEYS[1])
redis.call('SET', KEYS[1], ARGV[1])
return { ARGV[1], 1 }

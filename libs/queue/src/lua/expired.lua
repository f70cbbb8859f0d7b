-- Finds holds whose lease ran out, and holds that have no lease at all. Leases without a hold are removed.
-- Holds are read with their entries: one call stops after so many bytes of them, and the next goes on.
--
-- KEYS  1 processing  2 leases
-- ARGV  1 graceMs, how long ago a lease must have run out  2 limit  3 HSCAN cursor of the search for missing leases
-- Returns the next cursor, then id, expiry (epoch ms, '' without lease), holder (`token worker attempt json`) of each.
local processing, leases = KEYS[1], KEYS[2]
local graceMs, limit = tonumber(ARGV[1]), tonumber(ARGV[2])
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)

local READ_BYTES, SCAN_COUNT, SCAN_STEPS = 8 * 1024 * 1024, 50, 20
local reply, found, abandoned, bytes = { '0' }, 0, {}, 0
local function add(id, expiry, holder)
  reply[#reply + 1], reply[#reply + 2], reply[#reply + 3] = id, expiry, holder
  found = found + 1
end

local over = redis.call('ZRANGEBYSCORE', leases, '-inf', now - graceMs, 'WITHSCORES', 'LIMIT', 0, limit)
for i = 1, #over, 2 do
  if bytes >= READ_BYTES then
    break
  end
  local holder = redis.call('HGET', processing, over[i])
  if holder then
    bytes = bytes + #holder
    add(over[i], over[i + 1], holder)
  else
    abandoned[#abandoned + 1] = over[i]
  end
end
if #abandoned > 0 then
  redis.call('ZREM', leases, unpack(abandoned))
end

local cursor, scanned, steps = ARGV[3], 0, 0
bytes = 0
repeat
  local scan = redis.call('HSCAN', processing, cursor, 'COUNT', math.min(limit, SCAN_COUNT))
  cursor, steps = scan[1], steps + 1
  for i = 1, #scan[2], 2 do
    local id, holder = scan[2][i], scan[2][i + 1]
    scanned, bytes = scanned + 1, bytes + #holder
    if found < limit and not redis.call('ZSCORE', leases, id) then
      add(id, '', holder)
    end
  end
until cursor == '0' or scanned >= limit or steps >= SCAN_STEPS or bytes >= READ_BYTES
reply[1] = cursor
return reply

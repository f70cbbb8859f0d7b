-- Tells which recorded tasks the queue does not have.
--
-- * It has what is held with that attempt or later, what waits with a later attempt, and what waits with the same one and is
--   due at most `toleranceMs` later than asked: whoever put it back for a while had a reason.
-- * `doubted`: nothing is ready, so that an entry which should be has been lost whatever `idx` counts. Then only what is
--   delayed, and not overdue by more than `toleranceMs`, is believed to wait.
-- It reads only.
--
-- KEYS  1 idx  2 processing
-- ARGV  1 'trusted' or 'doubted'  2 toleranceMs, then id, attempt, dueAtMs (0: at once) of each
-- Returns the ids of those that are missing.
local trust, toleranceMs = ARGV[1], tonumber(ARGV[2])
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)

local ids = {}
for i = 3, #ARGV, 3 do
  ids[#ids + 1] = ARGV[i]
end
local waiting, held = redis.call('HMGET', KEYS[1], unpack(ids)), redis.call('HMGET', KEYS[2], unpack(ids))

local function waits(entry, attempt, dueAt)
  local waitsAttempt, waitsUntil = string.match(entry, '^(%d+)@?(%d*)$')
  waitsAttempt, waitsUntil = tonumber(waitsAttempt), tonumber(waitsUntil)
  if not waitsAttempt or waitsAttempt < attempt then
    return false
  end
  if trust == 'doubted' and (not waitsUntil or waitsUntil < now - toleranceMs) then
    return false
  end
  return waitsAttempt > attempt or (waitsUntil or 0) <= math.max(dueAt, now) + toleranceMs
end

local missing = {}
for i, id in ipairs(ids) do
  local attempt, dueAt = tonumber(ARGV[i * 3 + 1]), tonumber(ARGV[i * 3 + 2])
  local heldAttempt = held[i] and tonumber(string.match(held[i], '^%S+ %S+ (%-?%d+) '))
  local isHeld = heldAttempt and heldAttempt >= attempt
  if not isHeld and not (waiting[i] and waits(waiting[i], attempt, dueAt)) then
    missing[#missing + 1] = id
  end
end
return missing

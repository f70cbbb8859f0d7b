-- Puts recorded tasks where a worker finds them: a ready list, or the delayed set when they are due later.
--
-- * Idempotent by (id, attempt): skips what is held with that attempt or later, and, unless `again`, what `idx`
--   knows to wait with a later attempt, or with the same one and due no later.
-- * `again` distrusts `idx`, which may count entries that a list has lost; a duplicate is dropped at the start gate.
-- * Refused as a whole by a full Redis: its first write needs memory.
--
-- KEYS  1 idx  2 processing  3 delayed  4-13 ready lists, priority 9 to 0
-- ARGV  1 'new' or 'again', then id, attempt, dueAtMs (0: at once), priority, json of each
-- Returns how many were added.
local idx, processing, delayed, tasks = KEYS[1], KEYS[2], KEYS[3], KEYS[13]
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)

local ids, count = {}, 0
for i = 2, #ARGV, 5 do
  count = count + 1
  ids[count] = ARGV[i]
end
local waiting, held = redis.call('HMGET', idx, unpack(ids)), redis.call('HMGET', processing, unpack(ids))
local known = {}
for i = 1, count do
  if waiting[i] then
    known[ids[i]] = waiting[i]
  end
end

local added, indexed, ready, due, woken = 0, {}, {}, {}, false
for i = 1, count do
  local id, at = ids[i], 2 + (i - 1) * 5
  local attempt, dueAt, priority, json = tonumber(ARGV[at + 1]), tonumber(ARGV[at + 2]), tonumber(ARGV[at + 3]), ARGV[at + 4]
  if dueAt <= now then
    dueAt = 0
  end
  local heldAttempt = held[i] and tonumber(string.match(held[i], '^%S+ %S+ (%-?%d+) '))
  local skipped = heldAttempt and heldAttempt >= attempt
  if not skipped and known[id] and ARGV[1] == 'new' then
    local waits, waitsUntil = string.match(known[id], '^(%d+)@?(%d*)$')
    waits, waitsUntil = tonumber(waits), tonumber(waitsUntil) or 0
    skipped = waits and (waits > attempt or (waits == attempt and waitsUntil <= math.max(dueAt, now)))
  end
  if not skipped then
    added = added + 1
    known[id] = dueAt > 0 and (ARGV[at + 1] .. '@' .. ARGV[at + 2]) or ARGV[at + 1]
    indexed[added * 2 - 1], indexed[added * 2] = id, known[id]
    if dueAt > 0 then
      due[#due + 1], due[#due + 2] = ARGV[at + 2], json
    else
      local list = KEYS[13 - priority]
      local entries = ready[list]
      if not entries then
        entries = { n = 0 }
        ready[list] = entries
      end
      entries.n = entries.n + 1
      entries[entries.n] = json
      woken = woken or priority > 0
    end
  end
end

if added == 0 then
  return 0
end
redis.call('HSET', idx, unpack(indexed))
for list, entries in pairs(ready) do
  redis.call('LPUSH', list, unpack(entries))
end
if #due > 0 then
  redis.call('ZADD', delayed, unpack(due))
end
-- Workers block on the priority-0 list alone; the mark wakes one of them for the others.
if woken and redis.call('LLEN', tasks) == 0 then
  redis.call('LPUSH', tasks, '*')
end
return added

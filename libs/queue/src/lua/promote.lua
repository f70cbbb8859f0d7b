-- Moves due tasks from the delayed set to their ready lists, the longest due first; one call stops after so many bytes.
-- The first write deletes, so it works on a full Redis. Any number of callers may run it.
--
-- KEYS  1 delayed  2-11 ready lists, priority 9 to 0
-- ARGV  1 limit  2 most bytes of an entry that Millrace did not write
-- Returns how many were moved, and in how many ms the next is due (-1: the set is empty).
local delayed, tasks = KEYS[1], KEYS[11]
local limit, maxBytes = tonumber(ARGV[1]), tonumber(ARGV[2])
local MOVED_BYTES, BATCH = 8 * 1024 * 1024, 50
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)

-- Millrace writes a priority other than 0 right after the attempt, so that its own entries are not parsed.
-- An unreadable entry goes to the priority-0 list, where the claim sets it aside.
local function priorityOf(json)
  if string.find(json, '^{"id":"[%w._:-]+","attempt":%d+,"') then
    return tonumber(string.match(json, '^{"id":"[%w._:-]+","attempt":%d+,"priority":(%d)[,}]')) or 0
  end
  if #json > maxBytes then
    return 0
  end
  local ok, task = pcall(cjson.decode, json)
  local priority = ok and type(task) == 'table' and task.priority
  if type(priority) ~= 'number' or priority < 0 or priority > 9 or priority % 1 ~= 0 then
    return 0
  end
  return priority
end

local moved, bytes, ready, woken = 0, 0, {}, false
while moved < limit and bytes < MOVED_BYTES do
  local due = redis.call('ZRANGEBYSCORE', delayed, '-inf', now, 'LIMIT', 0, math.min(limit - moved, BATCH))
  if #due == 0 then
    break
  end
  redis.call('ZREM', delayed, unpack(due))
  for _, json in ipairs(due) do
    moved, bytes = moved + 1, bytes + #json
    local priority = priorityOf(json)
    local list = KEYS[11 - priority]
    ready[list] = ready[list] or {}
    table.insert(ready[list], json)
    woken = woken or priority > 0
  end
end
if moved > 0 then
  for list, entries in pairs(ready) do
    redis.call('LPUSH', list, unpack(entries))
  end
  -- Workers block on the priority-0 list alone; the mark wakes one of them for the others.
  if woken and redis.call('LLEN', tasks) == 0 then
    redis.call('LPUSH', tasks, '*')
  end
end

local head = redis.call('ZRANGE', delayed, 0, 0, 'WITHSCORES')
if #head == 0 then
  return { moved, -1 }
end
-- A raw score may be infinite, which no integer reply can hold.
return { moved, math.max(0, math.ceil(math.min(tonumber(head[2]), now + 31536000000) - now)) }

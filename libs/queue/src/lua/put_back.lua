-- Returns claimed tasks: to the right end of their ready list, where they are taken next, or to the delayed set. A hold
-- that is gone or belongs to another claim is left alone.
--
-- An entry goes back unchanged: one that Millrace wrote as it is given, for its hold keeps the head alone, any other as its hold
-- has it. A `replacement`, which Millrace wrote, takes the place of another entry; it is left out when the task waits already.
-- The first write deletes, so it works on a full Redis.
--
-- KEYS  1 idx  2 processing  3 leases  4 delayed  5-14 ready lists, priority 9 to 0
-- ARGV  1 delayMs (0: ready at once), then id, token, priority, 'entry' or 'replacement', json ('': as held) of each
-- Returns how many were put back.
local idx, processing, leases, delayed, tasks = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[14]
local delayMs = tonumber(ARGV[1])
local time = redis.call('TIME')
local dueAt = time[1] * 1000 + math.floor(time[2] / 1000) + delayMs

local count, woken = 0, false
-- Backwards, so that the first of the batch ends rightmost and is taken first again.
for i = #ARGV - 4, 2, -5 do
  local id, token, priority = ARGV[i], ARGV[i + 1], tonumber(ARGV[i + 2])
  local isReplacement, given = ARGV[i + 3] == 'replacement', ARGV[i + 4]
  local held = redis.call('HGET', processing, id)
  if held and string.sub(held, 1, #token + 1) == token .. ' ' then
    local attempt, json = string.match(held, '^%S+ %S+ (%-?%d+) (.*)$')
    if isReplacement then
      attempt = string.match(given, '^{"id":"[^"]*","attempt":(%d+),')
    end
    if given ~= '' then
      json = given
    end
    attempt = tonumber(attempt)
    redis.call('HDEL', processing, id)
    redis.call('ZREM', leases, id)
    local waits = redis.call('HGET', idx, id)
    waits = waits and tonumber(string.match(waits, '^%d+'))
    if not isReplacement or not waits or waits < attempt then
      if delayMs > 0 then
        redis.call('ZADD', delayed, dueAt, json)
      else
        redis.call('RPUSH', KEYS[14 - priority], json)
        woken = woken or priority > 0
      end
      -- A later attempt that waits already stays indexed.
      if not (waits and waits > attempt) then
        redis.call('HSET', idx, id, delayMs > 0 and (attempt .. '@' .. dueAt) or attempt)
      end
    end
    count = count + 1
  end
end
-- Workers block on the priority-0 list alone; the mark wakes one of them for the others.
if woken and redis.call('LLEN', tasks) == 0 then
  redis.call('LPUSH', tasks, '*')
end
return count

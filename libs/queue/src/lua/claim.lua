-- Leases up to `limit` ready tasks to one worker: first what landed in its own landing list, then by priority, 9 first.
--
-- * An entry whose task is held with its attempt or a later one is dropped: a hint must not displace its holder. So is one
--   of two that this claim took, for both would be held by the same token.
-- * Of an entry that Millrace wrote the hold keeps the head alone: its task has a row, which says the rest.
-- * Unreadable entries go to `bad` as JSON (`reason`, `entry`), cut, so that neither number nor size can fill Redis.
-- * Wake marks are dropped. When ready tasks remain that nobody blocks for, one is left to wake the next worker.
-- * The first write pops, so it works on a full Redis.
--
-- What is done for each task is written for speed: `#list` searches for the end of the list (120 ns), a number costs 400 ns to
-- make a text of, and each element of a reply or of a command 100 to 200. So lists have counters, attempts stay texts, one
-- token serves the whole claim, and the reply leaves out what the worker reads from the entry itself.
--
-- KEYS  1 idx  2 processing  3 leases  4 bad  5 workers  6 landing  7-16 ready lists, priority 9 to 0
-- ARGV  1 workerId  2 limit  3 leaseMs  4 token, unique to this call
--       5 most bytes of an entry that Millrace did not write  6 entries kept in `bad`  7 bytes kept of each
--       8 'any', or 'landed': nothing unless something landed
-- Returns the number of unreadable entries, then each claim: its json, which begins with its id, or a pair of id and json.
local idx, processing, leases, bad, workers = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
local workerId, limit, leaseMs, token = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3]), ARGV[4]
local maxBytes, badKept, badBytes = tonumber(ARGV[5]), tonumber(ARGV[6]), tonumber(ARGV[7])
local REPLY_BYTES, POP_BATCH = 4 * 1024 * 1024, 50
local match = string.match

-- The head of an entry as Millrace writes it: all before the payload. Ranges, because `%w` takes twice as long.
local HEAD = '^({"id":"([0-9A-Za-z._:-]+)","attempt":(%d+),[^{}]-"name":"[^"]+"),"payload":'

-- The id and attempt (0 when absent) of any entry; nil and the reason when it has no valid ones.
local function read(json)
  local id, attempt = match(json, '^{"id":"([%w._:-]+)","attempt":(%d+),"')
  if id and #id <= 128 and #attempt <= 9 then
    return id, attempt
  end
  if #json > maxBytes then
    return nil, 'must be at most ' .. maxBytes .. ' bytes'
  end
  local ok, task = pcall(cjson.decode, json)
  if not ok or type(task) ~= 'table' then
    return nil, 'must be a JSON object'
  end
  if type(task.id) ~= 'string' or #task.id > 128 or not match(task.id, '^[%w._:-]+$') then
    return nil, 'id must be a task id'
  end
  attempt = task.attempt
  if attempt == nil or attempt == cjson.null then
    return task.id, '0'
  end
  if type(attempt) ~= 'number' or attempt < 0 or attempt % 1 ~= 0 or attempt > 2147483647 then
    return nil, 'attempt must be a whole number from 0 to 2147483647'
  end
  return task.id, string.format('%.0f', attempt)
end

local holder = token .. ' ' .. workerId .. ' '
local ids, attempts, holds, claims, unreadable = {}, {}, {}, {}, {}
local count, pops, bytes, mostPops = 0, 0, 0, 2 * limit + 100
local lists = (ARGV[8] == 'any' or redis.call('EXISTS', KEYS[6]) == 1) and 16 or 0
for list = 6, lists do
  while count < limit and pops < mostPops and bytes < REPLY_BYTES do
    local batch = redis.call('RPOP', KEYS[list], math.min(limit - count, mostPops - pops, POP_BATCH))
    if not batch then
      break
    end
    for i = 1, #batch do
      local json = batch[i]
      pops, bytes = pops + 1, bytes + #json
      local head, id, attempt = match(json, HEAD)
      if head and #id <= 128 and #attempt <= 9 then
        count = count + 1
        ids[count], attempts[count], claims[count] = id, attempt, json
        holds[count] = holder .. attempt .. ' ' .. head .. '}'
      elseif json ~= '*' then
        id, attempt = read(json)
        if id then
          count = count + 1
          ids[count], attempts[count], claims[count] = id, attempt, { id, json }
          holds[count] = holder .. attempt .. ' ' .. json
        else
          local entry = cjson.encode(string.sub(json, 1, badBytes))
          unreadable[#unreadable + 1] = '{"reason":"' .. attempt .. '","entry":' .. entry .. '}'
        end
      end
    end
  end
end

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('ZADD', workers, now, workerId)
if #unreadable > 0 then
  redis.call('LPUSH', bad, unpack(unreadable))
  redis.call('LTRIM', bad, 0, badKept - 1)
end

local reply = { #unreadable }
if count > 0 then
  local held, waiting = redis.call('HMGET', processing, unpack(ids)), redis.call('HMGET', idx, unpack(ids))
  local holders, expiries, arrived, placeOf, chosen = {}, {}, {}, {}, {}
  local expiresAt, claimed, arrivals = string.format('%.0f', now + leaseMs), 0, 0
  for i = 1, count do
    local id, attempt, waits = ids[i], attempts[i], waiting[i]
    -- An attempt that waits in the delayed set has its due time behind it.
    if waits and (waits == attempt or tonumber(match(waits, '^%d+')) == tonumber(attempt)) then
      arrivals = arrivals + 1
      arrived[arrivals] = id
    end
    local place = placeOf[id]
    local heldAttempt = place and attempts[chosen[place]] or (held[i] and match(held[i], '^%S+ %S+ (%-?%d+) '))
    if not heldAttempt or tonumber(heldAttempt) < tonumber(attempt) then
      if not place then
        claimed = claimed + 1
        place = claimed
        placeOf[id] = place
      end
      chosen[place] = i
      holders[place * 2 - 1], holders[place * 2] = id, holds[i]
      expiries[place * 2 - 1], expiries[place * 2] = expiresAt, id
      reply[place + 1] = claims[i]
    end
  end
  if arrivals > 0 then
    redis.call('HDEL', idx, unpack(arrived))
  end
  if claimed > 0 then
    redis.call('HSET', processing, unpack(holders))
    redis.call('ZADD', leases, unpack(expiries))
  end
end

if (count >= limit or pops >= mostPops or bytes >= REPLY_BYTES) and redis.call('LLEN', KEYS[16]) == 0 then
  for list = 7, 15 do
    if redis.call('LLEN', KEYS[list]) > 0 then
      redis.call('LPUSH', KEYS[16], '*')
      break
    end
  end
end
return reply

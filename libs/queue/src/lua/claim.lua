-- Leases up to `limit` ready tasks to one worker: first what landed in its own landing list, then by priority, 9 first.
--
-- * An entry whose task is held with its attempt or a later one is dropped: a hint must not displace its holder.
-- * Unreadable entries go to `bad` as JSON (`reason`, `entry`), cut, so that neither number nor size can fill Redis.
-- * Wake marks are dropped. When ready tasks remain that nobody blocks for, one is left to wake the next worker.
-- * The first write pops, so it works on a full Redis.
--
-- KEYS  1 idx  2 processing  3 leases  4 bad  5 workers  6 landing  7-16 ready lists, priority 9 to 0
-- ARGV  1 workerId  2 limit  3 leaseMs  4 nonce, unique to this call
--       5 most bytes of an entry that Millrace did not write  6 entries kept in `bad`  7 bytes kept of each
-- Returns the number of unreadable entries, then id, token, json of each claim.
local idx, processing, leases, bad, workers = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
local workerId, limit, leaseMs, nonce = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3]), ARGV[4]
local maxBytes, badKept, badBytes = tonumber(ARGV[5]), tonumber(ARGV[6]), tonumber(ARGV[7])
local REPLY_BYTES, POP_BATCH = 4 * 1024 * 1024, 50

-- The id and attempt (0 when absent) of an entry; nil and the reason when it has no valid ones. Millrace writes both first, so
-- that its own entries are read without parsing them.
local function read(json)
  local id, attempt = string.match(json, '^{"id":"([%w._:-]+)","attempt":(%d+),"')
  if id and #id <= 128 and #attempt <= 9 then
    return id, tonumber(attempt)
  end
  if #json > maxBytes then
    return nil, 'must be at most ' .. maxBytes .. ' bytes'
  end
  local ok, task = pcall(cjson.decode, json)
  if not ok or type(task) ~= 'table' then
    return nil, 'must be a JSON object'
  end
  if type(task.id) ~= 'string' or #task.id > 128 or not string.match(task.id, '^[%w._:-]+$') then
    return nil, 'id must be a task id'
  end
  attempt = task.attempt
  if attempt == nil or attempt == cjson.null then
    return task.id, 0
  end
  if type(attempt) ~= 'number' or attempt < 0 or attempt % 1 ~= 0 or attempt > 2147483647 then
    return nil, 'attempt must be a whole number from 0 to 2147483647'
  end
  return task.id, attempt
end

local entries, ids, attempts, unreadable = {}, {}, {}, {}
local pops, bytes, mostPops = 0, 0, 2 * limit + 100
for list = 6, 16 do
  while #entries < limit and pops < mostPops and bytes < REPLY_BYTES do
    local batch = redis.call('RPOP', KEYS[list], math.min(limit - #entries, mostPops - pops, POP_BATCH))
    if not batch then
      break
    end
    for _, json in ipairs(batch) do
      pops, bytes = pops + 1, bytes + #json
      if json ~= '*' then
        local id, found = read(json)
        if id then
          entries[#entries + 1], ids[#ids + 1], attempts[#attempts + 1] = json, id, found
        else
          local entry = cjson.encode(string.sub(json, 1, badBytes))
          unreadable[#unreadable + 1] = '{"reason":"' .. found .. '","entry":' .. entry .. '}'
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

local reply, holders, expiries, arrived, taken = { #unreadable }, {}, {}, {}, {}
if #ids > 0 then
  local held, waiting = redis.call('HMGET', processing, unpack(ids)), redis.call('HMGET', idx, unpack(ids))
  for i, id in ipairs(ids) do
    if waiting[i] and tonumber(string.match(waiting[i], '^%d+')) == attempts[i] then
      arrived[#arrived + 1] = id
    end
    local heldAttempt = taken[id] or (held[i] and tonumber(string.match(held[i], '^%S+ %S+ (%-?%d+) ')))
    if not heldAttempt or heldAttempt < attempts[i] then
      local token = nonce .. '-' .. i
      taken[id] = attempts[i]
      holders[#holders + 1], holders[#holders + 2] = id, token .. ' ' .. workerId .. ' ' .. attempts[i] .. ' ' .. entries[i]
      expiries[#expiries + 1], expiries[#expiries + 2] = now + leaseMs, id
      reply[#reply + 1], reply[#reply + 2], reply[#reply + 3] = id, token, entries[i]
    end
  end
  if #arrived > 0 then
    redis.call('HDEL', idx, unpack(arrived))
  end
  if #holders > 0 then
    redis.call('HSET', processing, unpack(holders))
    redis.call('ZADD', leases, unpack(expiries))
  end
end

if (#entries >= limit or pops >= mostPops or bytes >= REPLY_BYTES) and redis.call('LLEN', KEYS[16]) == 0 then
  for list = 7, 15 do
    if redis.call('LLEN', KEYS[list]) > 0 then
      redis.call('LPUSH', KEYS[16], '*')
      break
    end
  end
end
return reply

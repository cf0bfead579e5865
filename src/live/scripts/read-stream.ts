import { script } from '../run-script.ts';

/**
 * Takes over for the consumer ARGV[2] of the group ARGV[1] what any other has held for ARGV[6]
 * milliseconds in the stream KEYS[1]: from ARGV[3], at most ARGV[4], until they have more than ARGV[5]
 * bytes. Asks for a page at a time, each no larger than the entries so far let hope.
 *
 * Returns where to go on (0-0 when all has been seen), the ids of entries that are gone, and id,
 * fields, id, fields, … with the fields packed, or nil where the entry is gone.
 */
export const CLAIM_IDLE = script(`
local group, consumer, from = ARGV[1], ARGV[2], ARGV[3]
local count, room = tonumber(ARGV[4]), tonumber(ARGV[5])
local answers, gone, page, found, bytes = {}, {}, math.min(16, count), 0, 0
-- Redis 6.2 hands over what was deleted as well, and does not say its id.
local function addGone(first, behind, claimed)
  local last = behind == '0-0' and '+' or '(' .. behind
  for _, held in ipairs(redis.call('XPENDING', KEYS[1], group, first, last, 10000, consumer)) do
    local id = held[1]
    if not claimed[id] and #redis.call('XRANGE', KEYS[1], id, id) == 0 then gone[#gone + 1] = id end
  end
end
repeat
  local reply = redis.call('XAUTOCLAIM', KEYS[1], group, consumer, ARGV[6], from, 'COUNT', page)
  local claimed, lacksSome = {}, false
  for at = 1, #reply[2] do
    local entry = reply[2][at]
    if entry then
      local packed = entry[2] and cmsgpack.pack(entry[2])
      if packed then bytes = bytes + #packed end
      answers[#answers + 1] = entry[1]
      answers[#answers + 1] = packed
      claimed[entry[1]] = true
    else
      lacksSome = true
    end
  end
  if lacksSome then addGone(from, reply[1], claimed) end
  from = reply[1]
  found = found + #reply[2]
  for _, id in ipairs(reply[3] or {}) do gone[#gone + 1] = id end
  local average = math.max(bytes / math.max(found, 1), 1)
  local hope = math.floor((room - bytes) / average)
  page = math.max(1, math.min(page * 4, hope, count - found, 1000))
until from == '0-0' or found >= count or bytes >= room
return {from, gone, answers}`);

/**
 * Scripts that read entries of the stream KEYS[1] for the group ARGV[1] and its consumer ARGV[2],
 * from ARGV[3], at most ARGV[4], until they have more than ARGV[5] bytes. Entries come as id,
 * fields, id, fields, … with the fields packed, or nil where the entry is pending and gone.
 */
import { script } from '../run-script.ts';

/** Asks for a page at a time, each no larger than the entries so far let hope. */
const PAGES = `
local group, consumer, from = ARGV[1], ARGV[2], ARGV[3]
local count, room = tonumber(ARGV[4]), tonumber(ARGV[5])
local answers, page, found, bytes = {}, 16, 0, 0
local function take(entries)
  for i = 1, #entries do
    local id, fields = entries[i][1], entries[i][2]
    local packed = fields and cmsgpack.pack(fields)
    if packed then bytes = bytes + #packed end
    answers[#answers + 1] = id
    answers[#answers + 1] = packed
  end
  found = found + #entries
  local average = math.max(bytes / math.max(found, 1), 1)
  local hope = math.floor((room - bytes) / average)
  page = math.max(1, math.min(page * 4, hope, count - found, 1000))
end`;

/** ARGV[3] is an id to read what is pending for the consumer behind it, or > for what is new. */
export const READ_GROUP = script(`${PAGES}
page = math.min(page, count)
while found < count and bytes < room do
  local reply = redis.call('XREADGROUP', 'GROUP', group, consumer, 'COUNT', page,
    'STREAMS', KEYS[1], from)
  local entries = reply and reply[1][2] or {}
  if #entries == 0 then break end
  take(entries)
  if from ~= '>' then from = entries[#entries][1] end
end
return answers`);

/**
 * Takes over what any consumer has held for ARGV[6] milliseconds. Returns where to go on (0-0 when
 * all has been seen), the ids of entries that are gone, and the entries.
 */
export const CLAIM_IDLE = script(`${PAGES}
page = math.min(page, count)
local gone = {}
repeat
  local reply = redis.call('XAUTOCLAIM', KEYS[1], group, consumer, ARGV[6], from, 'COUNT', page)
  from = reply[1]
  take(reply[2])
  for _, id in ipairs(reply[3] or {}) do gone[#gone + 1] = id end
until from == '0-0' or found >= count or bytes >= room
return {from, gone, answers}`);

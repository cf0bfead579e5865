/** Scripts that remove what PostgreSQL has. For each item: 1 removed, 0 changed, 2 gone already. */
import { script } from '../run-script.ts';

/** All at once: each command that a script runs costs as much as the removal, and a line in the AOF. */
const REMOVE = `
local function remove(command, first, found)
  for from = 1, #found, 1000 do
    local to = math.min(from + 999, #found)
    if first then
      redis.call(command, first, unpack(found, from, to))
    else
      redis.call(command, unpack(found, from, to))
    end
  end
end`;

/**
 * KEYS[i] is removed if it still holds what READ_HASHES read, which is ARGV[i]. In which order a hash gives
 * its fields says nothing: a server that moves to a larger table meanwhile gives them in another.
 */
export const REMOVE_UNCHANGED_HASHES = script(`${REMOVE}
local function holds(fields, packed)
  if cmsgpack.pack(fields) == packed then return true end
  local read, held = cmsgpack.unpack(packed), {}
  if #read ~= #fields then return false end
  for n = 1, #fields, 2 do held[fields[n]] = fields[n + 1] end
  for n = 1, #read, 2 do
    if held[read[n]] ~= read[n + 1] then return false end
  end
  return true
end
local answers, unchanged = {}, {}
for i, key in ipairs(KEYS) do
  local fields = redis.pcall('HGETALL', key)
  if fields.err then
    answers[i] = 0
  elseif #fields == 0 then
    answers[i] = 2
  elseif holds(fields, ARGV[i]) then
    unchanged[#unchanged + 1] = key
    answers[i] = 1
  else
    answers[i] = 0
  end
end
remove('UNLINK', nil, unchanged)
return answers`);

/** Of the sorted set KEYS[1]: ARGV are pairs of a member and the score that it must still have. */
export const REMOVE_UNCHANGED_MEMBERS = script(`${REMOVE}
local answers, unchanged = {}, {}
for i = 1, #ARGV, 2 do
  local score = redis.call('ZSCORE', KEYS[1], ARGV[i])
  if not score then
    answers[#answers + 1] = 2
  elseif score == ARGV[i + 1] then
    unchanged[#unchanged + 1] = ARGV[i]
    answers[#answers + 1] = 1
  else
    answers[#answers + 1] = 0
  end
end
remove('ZREM', KEYS[1], unchanged)
return answers`);

export const REMOVE_CLAIMS = script(`${REMOVE}
remove('UNLINK', nil, KEYS)
local answers = {}
for i = 1, #KEYS do answers[i] = 1 end
return answers`);

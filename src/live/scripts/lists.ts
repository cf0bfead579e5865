/** Scripts for claimed lists. */
import { script } from '../run-script.ts';

/**
 * KEYS are pairs of a list and the claim that it becomes. For each: how many entries it has; nil
 * when there is no list; {message} when the key is of another type.
 */
export const CLAIM_LISTS = script(`
local answers = {}
for i = 1, #KEYS, 2 do
  local length = redis.pcall('LLEN', KEYS[i])
  local answer = false
  if type(length) == 'table' then
    answer = {length.err}
  elseif length > 0 and redis.call('RENAMENX', KEYS[i], KEYS[i + 1]) == 1 then
    redis.call('PERSIST', KEYS[i + 1])
    answer = length
  end
  answers[#answers + 1] = answer
end
return answers`);

/**
 * A write that changes nothing: what a new connection waits for covers only what it wrote itself.
 * Not LSET, which a full Redis refuses. Returns the lengths of the claims.
 */
export const TOUCH_LISTS = script(`
local answers = {}
for i, claim in ipairs(KEYS) do
  answers[i] = redis.call('LLEN', claim)
  if answers[i] > 0 then
    redis.call('EXPIRE', claim, 86400)
    redis.call('PERSIST', claim)
  end
end
return answers`);

/**
 * Entries of KEYS[1] from index ARGV[1], at most ARGV[2], until they have more than ARGV[3] bytes.
 * Reads ahead only as far as the entries so far let hope: one page of large ones would fill Redis.
 */
export const READ_LIST = script(`
local from, count, room = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local answers, page, found = {}, 16, 0
while found < count and room > 0 do
  local values = redis.call('LRANGE', KEYS[1], from, from + math.min(page, count - found) - 1)
  if #values == 0 then break end
  local bytes = 0
  for i = 1, #values do
    bytes = bytes + #values[i]
    answers[found + i] = values[i]
  end
  found, from, room = found + #values, from + #values, room - bytes
  local average = math.max(bytes / #values, 1)
  page = math.max(1, math.min(page * 4, math.floor(room / average), 4000))
end
return answers`);

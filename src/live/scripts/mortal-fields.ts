/** Scripts for hashes whose fields run out by themselves (Redis 7.4, Valkey 9). */
import { script } from '../run-script.ts';

/**
 * For each of KEYS, of which ARGV[i] fields were read just now: 1 when some of its fields have a TTL
 * of their own, or have run out since; 0 when it changes only by a writer's hand.
 */
export const FIND_MORTAL = script(`
local answers = {}
for i, key in ipairs(KEYS) do
  local names = redis.pcall('HKEYS', key)
  local mortal = not names.err and #names < tonumber(ARGV[i])
  for from = 1, names.err and 0 or #names, 1000 do
    if mortal then break end
    local to = math.min(from + 999, #names)
    local ttls = redis.pcall('HPTTL', key, 'FIELDS', to - from + 1, unpack(names, from, to))
    if ttls.err then return {{ttls.err}} end
    for _, ttl in ipairs(ttls) do mortal = mortal or ttl ~= -1 end
  end
  answers[i] = mortal and 1 or 0
end
return answers`);

/**
 * KEYS[i] is removed if all that it still holds is among what was read, which is ARGV[i] as READ_HASHES
 * packs it: fields that have run out since are in the row. 1 removed, 0 changed, 2 gone already.
 */
export const REMOVE_OUTLIVED_HASHES = script(`
local answers = {}
for i, key in ipairs(KEYS) do
  local found = redis.pcall('HGETALL', key)
  local read, held = {}, cmsgpack.unpack(ARGV[i])
  for at = 1, #held, 2 do read[held[at]] = held[at + 1] end
  local same = not found.err
  for at = 1, found.err and 0 or #found, 2 do
    same = same and read[found[at]] == found[at + 1]
  end
  if not same then
    answers[i] = 0
  elseif #found == 0 then
    answers[i] = 2
  else
    redis.call('UNLINK', key)
    answers[i] = 1
  end
end
return answers`);

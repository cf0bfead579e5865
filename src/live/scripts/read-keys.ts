/** Scripts that read whole keys, as many of KEYS as fit into ARGV[1] bytes and at least one. */
import { script } from '../run-script.ts';

/**
 * For each key: its value as bytes; nil when there is none; {message} when it is of another type.
 * A hash comes packed: one value for Redis to send and for us to take apart, instead of one for
 * every field, and the very bytes to compare with before it is removed.
 */
const READ_LOOP = `
local room = tonumber(ARGV[1])
local answers = {}
for i, key in ipairs(KEYS) do
  local value = read(key)
  if type(value) == 'string' then
    room = room - #value
  end
  answers[i] = value
  if room <= 0 then break end
end
return answers`;

export const READ_HASHES = script(`
local function read(key)
  local fields = redis.pcall('HGETALL', key)
  if fields.err then return {fields.err} end
  return #fields > 0 and cmsgpack.pack(fields)
end
${READ_LOOP}`);

export const READ_STRINGS = script(`
local function read(key)
  local value = redis.pcall('GET', key)
  return type(value) == 'table' and {value.err} or value
end
${READ_LOOP}`);

/**
 * KEYS are pairs of a hash and the claim that it becomes. Read and renamed in one go, so that what
 * was read is what was claimed. PERSIST, for RENAME keeps a TTL, and a claim must not run out.
 */
export const CLAIM_HASHES = script(`
local room = tonumber(ARGV[1])
local answers = {}
for i = 1, #KEYS, 2 do
  local fields = redis.pcall('HGETALL', KEYS[i])
  local answer = false
  if fields.err then
    answer = {fields.err}
  elseif #fields > 0 and redis.call('RENAMENX', KEYS[i], KEYS[i + 1]) == 1 then
    redis.call('PERSIST', KEYS[i + 1])
    answer = cmsgpack.pack(fields)
    room = room - #answer
  end
  answers[#answers + 1] = answer
  if room <= 0 then break end
end
return answers`);

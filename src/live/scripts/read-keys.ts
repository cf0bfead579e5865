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

/**
 * Fields may have TTLs of their own (Redis 7.4, Valkey 9), which PERSIST does not reach: they would
 * run out of a claim one by one. ARGV[2] is 1 where the server knows of them.
 */
const KEEP_FIELDS = `
local function keep(key, fields)
  if ARGV[2] ~= '1' then return nil end
  for from = 1, #fields, 1000 do
    local names = {}
    for at = from, math.min(from + 998, #fields), 2 do names[#names + 1] = fields[at] end
    local kept = redis.pcall('HPERSIST', key, 'FIELDS', #names, unpack(names))
    if kept.err then return {kept.err} end
  end
  return nil
end`;

/** Claims that a dead process left, maybe one of a tierd that did not know of fields' TTLs. */
export const READ_CLAIMS = script(`${KEEP_FIELDS}
local function read(key)
  local fields = redis.pcall('HGETALL', key)
  if fields.err then return {fields.err} end
  if #fields == 0 then return false end
  return keep(key, fields) or cmsgpack.pack(fields)
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
 * was read is what was claimed. PERSIST, for RENAME keeps a TTL, and a claim must not run out. Its
 * fields neither: they are kept first, for a key whose fields can't be is not claimed.
 */
export const CLAIM_HASHES = script(`${KEEP_FIELDS}
local room = tonumber(ARGV[1])
local answers = {}
for i = 1, #KEYS, 2 do
  local fields = redis.pcall('HGETALL', KEYS[i])
  local answer = false
  if fields.err then
    answer = {fields.err}
  elseif #fields > 0 then
    local refused = keep(KEYS[i], fields)
    if refused then
      answer = refused
    elseif redis.call('RENAMENX', KEYS[i], KEYS[i + 1]) == 1 then
      redis.call('PERSIST', KEYS[i + 1])
      answer = cmsgpack.pack(fields)
      room = room - #answer
    end
  end
  answers[#answers + 1] = answer
  if room <= 0 then break end
end
return answers`);

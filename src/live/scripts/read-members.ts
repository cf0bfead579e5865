import { script } from '../run-script.ts';

/**
 * Members of the sorted set KEYS[1] with scores below ARGV[1], lowest first, at most ARGV[2], until
 * they have more than ARGV[3] bytes: member, score, member, score, … with the scores as text, which
 * is how they are compared before a member is removed. {{message}} when the key is of another type.
 */
export const READ_MEMBERS = script(`
local below, count, room = '(' .. ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])
local answers, page, found = {}, 16, 0
while found < count and room > 0 do
  local members = redis.pcall('ZRANGEBYSCORE', KEYS[1], '-inf', below,
    'WITHSCORES', 'LIMIT', found, math.min(page, count - found))
  if members.err then return {{members.err}} end
  if #members == 0 then break end
  local bytes = 0
  for i = 1, #members, 2 do
    bytes = bytes + #members[i]
    answers[#answers + 1] = members[i]
    -- ZSCORE's spelling: it is what the remover asks for.
    answers[#answers + 1] = redis.call('ZSCORE', KEYS[1], members[i])
  end
  local read = #members / 2
  found, room = found + read, room - bytes
  page = math.max(1, math.min(page * 4, math.floor(room / math.max(bytes / read, 1)), 2000))
end
return answers`);

/**
 * A page of the sorted set KEYS[1] behind the cursor ARGV[1], about ARGV[2] members: the next cursor,
 * then member, score, member, score, …. {{message}} when the key is of another type.
 */
export const SCAN_MEMBERS = script(`
local page = redis.pcall('ZSCAN', KEYS[1], ARGV[1], 'COUNT', ARGV[2])
if page.err then return {{page.err}} end
local answers = {page[1]}
for i = 1, #page[2], 2 do
  answers[#answers + 1] = page[2][i]
  -- ZSCAN writes 0.93 as 0.93000000000000005.
  answers[#answers + 1] = redis.call('ZSCORE', KEYS[1], page[2][i])
end
return answers`);

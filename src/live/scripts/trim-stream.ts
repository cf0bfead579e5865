import { script } from '../run-script.ts';

/**
 * Removes from the stream KEYS[1] what every one of its groups has acknowledged: everything below
 * the oldest entry that a group has pending, or has not been given yet. In one go, so that no group
 * can be made in between. Returns how many entries were removed.
 *
 * Ids are compared as text, longer ones being larger: their halves outgrow Lua's numbers.
 */
export const TRIM_STREAM = script(`
local function below(a, b)
  local ams, aseq = a:match('^(%d+)-(%d+)$')
  local bms, bseq = b:match('^(%d+)-(%d+)$')
  if ams ~= bms then
    if #ams ~= #bms then return #ams < #bms end
    return ams < bms
  end
  if #aseq ~= #bseq then return #aseq < #bseq end
  return aseq < bseq
end
local oldest, isPending = nil, false
for _, flat in ipairs(redis.call('XINFO', 'GROUPS', KEYS[1])) do
  local group = {}
  for i = 1, #flat, 2 do group[flat[i]] = flat[i + 1] end
  local id, pending = group['last-delivered-id'], group['pending'] > 0
  if pending then
    id = redis.call('XPENDING', KEYS[1], group['name'])[2]
  end
  if oldest == nil or below(id, oldest) or (id == oldest and pending) then
    oldest, isPending = id, pending
  end
end
if oldest == nil then return 0 end
local removed = redis.call('XTRIM', KEYS[1], 'MINID', oldest)
if not isPending then
  -- Delivered last and acknowledged: MINID keeps the entry that it names.
  removed = removed + redis.call('XDEL', KEYS[1], oldest)
end
return removed`);

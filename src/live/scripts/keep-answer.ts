/** The script for answers of queries that daemons share. */
import { script } from '../run-script.ts';

/**
 * KEYS are the answer, the index of all answers by when they were written, and how many bytes each has. ARGV are the
 * answer, how many milliseconds it is kept, and how many bytes all may have. The oldest make room, and what ran out counts
 * no more. Returns 0 where the answer alone is too large.
 */
export const KEEP_ANSWER = script(`
local answer, index, sizes = KEYS[1], KEYS[2], KEYS[3]
local size, ttl, most = #ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])
if size > most then return 0 end
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local total = tonumber(redis.call('HGET', sizes, 'total') or 0)
local function forget(key)
  total = total - tonumber(redis.call('HGET', sizes, key) or 0)
  redis.call('HDEL', sizes, key)
  redis.call('ZREM', index, key)
  redis.call('UNLINK', key)
end
for _, key in ipairs(redis.call('ZRANGEBYSCORE', index, '-inf', now - ttl)) do forget(key) end
forget(answer)
while total + size > most do
  local oldest = redis.call('ZRANGE', index, 0, 0)[1]
  if not oldest then
    total = 0
    break
  end
  forget(oldest)
end
redis.call('SET', answer, ARGV[1], 'PX', ttl)
redis.call('ZADD', index, now, answer)
redis.call('HSET', sizes, answer, size, 'total', total + size)
redis.call('PEXPIRE', index, ttl)
redis.call('PEXPIRE', sizes, ttl)
return 1`);

import { readFileSync } from 'node:fs';

/** What config/redis.conf advises to give an ACL user for tierd, without its name and password. */
export function documentedRules(): readonly string[] {
  const text = readFileSync(new URL('../../config/redis.conf', import.meta.url), 'utf8');
  const [, rules = ''] = /^# {3}user tierd on >PASSWORD (.*)$/m.exec(text) ?? [];
  if (rules === '') throw new Error('config/redis.conf names no user tierd');
  return rules.split(' ');
}

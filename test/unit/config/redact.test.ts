import { describe, expect, it } from 'vitest';
import { configJsonSchema } from '../../../src/config/json-schema.ts';
import { redact, redactUrls } from '../../../src/config/redact.ts';

describe('a URL without its password', () => {
  it.each([
    ['postgres://u:secret@h:5432/d', 'postgres://u:(hidden)@h:5432/d'],
    ['postgres://u@h/d', 'postgres://u@h/d'],
    ['postgres://h/d', 'postgres://h/d'],
    ['postgres://:secret@h/d', 'postgres://:(hidden)@h/d'],
    ['postgres://u:p@ss/w:secret@h/d', 'postgres://u:(hidden)@h/d'],
    ['postgres://u:sec ret@h/d', 'postgres://u:(hidden)@h/d'],
    ['postgres://h/d?user=u&password=secret&x=1', 'postgres://h/d?user=u&password=(hidden)&x=1'],
    ['rediss://default:secret@h:6379/0', 'rediss://default:(hidden)@h:6379/0'],
    [
      `curl -H 'Authorization: Bearer se.cr-et' https://h/`,
      `curl -H 'Authorization: Bearer (hidden)' https://h/`,
    ],
    ['/var/lib/tierd', '/var/lib/tierd'],
    ['0 2 * * *', '0 2 * * *'],
  ])('%s', (url, shown) => {
    expect(redactUrls(url)).toBe(shown);
  });
});

it('what is called a secret is hidden even where it is no URL', () => {
  const config = {
    postgres: {
      url: 'u:secret@h',
      direct_url: 'postgres://u:secret@h/d',
      password: 'secret',
      user: 'u',
    },
  };
  expect(redact(config, configJsonSchema())).toEqual({
    postgres: {
      url: '(hidden)',
      direct_url: 'postgres://u:(hidden)@h/d',
      password: '(hidden)',
      user: 'u',
    },
  });
});

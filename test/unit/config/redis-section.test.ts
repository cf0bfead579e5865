import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { configJsonSchema } from '../../../src/config/json-schema.ts';
import { loadConfig } from '../../../src/config/load.ts';
import { redact } from '../../../src/config/redact.ts';
import type { LiveTarget } from '../../../src/domain/live/live-target.ts';
import { formatProblem } from '../../../src/domain/problem.ts';
import { directoryWith, errorOf, problemsOf } from '../../support/config-file.ts';

function directoryFor(redis: string, files: Record<string, string> = {}): string {
  const text = [
    'postgres: { url: "postgres://tierd@db/market" }',
    'lake: { type: local, path: lake }',
    'datasets: { news: { time_column: published_at } }',
    `redis: ${redis}`,
  ].join('\n');
  return directoryWith({ 'unified_config.yaml': text, ...files });
}

function load(redis: string, files: Record<string, string> = {}): LiveTarget | undefined {
  return loadConfig({ env: {}, workingDirectory: directoryFor(redis, files) }).redis;
}

function problems(redis: string, files: Record<string, string> = {}): string[] {
  return problemsOf(errorOf(() => load(redis, files))).map(formatProblem);
}

describe('where the live store is', () => {
  it('is said by a URL, with user, password, database and encryption in it', () => {
    expect(load('{ url: "rediss://me:p%40ss@cache:7000/3" }')).toEqual({
      topology: { kind: 'single', node: { host: 'cache', port: 7000 } },
      username: 'me',
      password: 'p@ss',
      db: 3,
      tls: { verify: true },
      connectTimeoutMs: 10_000,
      commandTimeoutMs: 30_000,
      waitReplicas: 0,
    });
  });

  it('is said by its parts', () => {
    expect(load('{ host: cache, password: secret, db: 2, tls: require }')).toMatchObject({
      topology: { kind: 'single', node: { host: 'cache', port: 6379 } },
      password: 'secret',
      db: 2,
      tls: { verify: false },
    });
  });

  it('is asked of sentinels, which have a password of their own', () => {
    const redis =
      '{ sentinel: { master: m, nodes: ["a:1", "[::1]:2", b], password: x }, password: y }';
    expect(load(redis)).toMatchObject({
      topology: {
        kind: 'sentinel',
        master: 'm',
        nodes: [
          { host: 'a', port: 1 },
          { host: '::1', port: 2 },
          { host: 'b', port: 26_379 },
        ],
        password: 'x',
      },
      password: 'y',
    });
  });

  it('is found through some nodes of a cluster', () => {
    expect(load('{ cluster: { nodes: ["a:1", b] } }')?.topology).toEqual({
      kind: 'cluster',
      nodes: [
        { host: 'a', port: 1 },
        { host: 'b', port: 6379 },
      ],
    });
  });

  it('may be in files, as the passwords may, relative to the configuration', () => {
    expect(load('{ url_file: url }', { url: 'redis://u:s@h/1\n' })).toMatchObject({
      topology: { node: { host: 'h' } },
      password: 's',
      db: 1,
    });
    const files = { one: 'first\n', two: 'second' };
    const redis =
      '{ sentinel: { master: m, nodes: [a], password_file: one }, password_file: two, tls: verify-full, tls_ca_file: ca.pem }';
    const directory = directoryFor(redis, files);
    expect(loadConfig({ env: {}, workingDirectory: directory }).redis).toMatchObject({
      topology: { password: 'first' },
      password: 'second',
      tls: { verify: true, caFile: join(directory, 'ca.pem') },
    });
  });

  it('need not be said where nothing is drained', () => {
    const directory = directoryWith({
      'unified_config.yaml':
        'postgres: { url: "postgres://tierd@db/market" }\nlake: { type: local, path: lake }\ndatasets: { news: { time_column: at } }',
    });
    expect(loadConfig({ env: {}, workingDirectory: directory }).redis).toBeUndefined();
  });
});

describe('what is wrong with it', () => {
  it.each([
    ['{}', 'redis (line 4): says nowhere to connect to, expected one of url, url_file, host'],
    ['{ url: "redis://h", host: h }', 'redis.host (line 4): stands beside url'],
    ['{ host: h, url_file: u }', 'redis.host (line 4): stands beside url'],
    ['{ url: "redis://h", port: 1 }', 'redis.port (line 4): has no effect without host'],
    ['{ url: "http://h" }', 'redis.url (line 4): found something that is not such a URL'],
    ['{ url: "redis://h/x" }', 'redis.url (line 4): found something that is not such a URL'],
    ['{ url: "rediss://h", tls: disable }', 'redis.tls (line 4): contradicts the rediss://'],
    [
      '{ host: h, password: p, password_file: f }',
      'password_file (line 4): stands beside password',
    ],
    ['{ cluster: { nodes: [] } }', 'redis.cluster.nodes (line 4): is an empty list'],
    ['{ cluster: { nodes: ["a:b"] } }', 'redis.cluster.nodes[0] (line 4): is not a node'],
    ['{ cluster: { nodes: [a] }, db: 1 }', 'redis.db (line 4): stands beside cluster'],
    ['{ sentinel: { nodes: [a] } }', 'redis.sentinel.master (line 4): missing'],
    ['{ host: h, tls_key_file: k }', 'redis.tls_key_file (line 4): has no effect without'],
    ['{ url: "redis://h", tls_ca_file: c }', 'tls_ca_file (line 4): has no effect without TLS'],
    [
      '{ host: h, tls: disable, tls_ca_file: c }',
      'tls_ca_file (line 4): has no effect without TLS',
    ],
    ['{ host: h, tls_ca_file: c }', 'tls_ca_file (line 4): has no effect without TLS'],
    [
      '{ host: h, tls: require, tls_ca_file: c }',
      'tls_ca_file (line 4): has no effect beside tls: require',
    ],
    ['{ host: h, tsl: require }', 'redis.tsl (line 4): unknown key; did you mean tls?'],
    ['{ host: h, command_timeout: 5 }', 'redis.command_timeout (line 4): found 5, expected a dur'],
  ])('%s', (redis, message) => {
    expect(problems(redis).join('\n')).toContain(message);
  });

  it('is said of a file that it names, and never shows what is in it', () => {
    const shown = problems('{ url_file: u }', { u: 'u:secret@h' }).join('\n');
    expect(shown).toContain('redis.url_file (line 4): found something that is not such a URL');
    expect(shown).not.toContain('secret');
    expect(problems('{ host: h, password_file: none }').join('\n')).toContain('no such file');
  });

  it.each([
    ['tls_ca_file: c', 'redis://h', 'redis.tls_ca_file (line 4): has no effect without TLS'],
    ['tls: disable', 'rediss://h', 'redis.tls (line 4): contradicts the rediss:// of url'],
  ])('also beside a url that comes out of a file: %s', (key, url, problem) => {
    expect(problems(`{ url_file: u, ${key} }`, { u: url }).join('\n')).toContain(problem);
  });
});

it('no password of the live store is printed', () => {
  const redis = {
    url: 'redis://u:secret@h/1',
    password: 'secret',
    sentinel: { master: 'm', nodes: ['a'], password: 'secret' },
  };
  expect(JSON.stringify(redact({ redis }, configJsonSchema()))).not.toContain('secret');
});

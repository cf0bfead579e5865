import { chmodSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { checkExposedSecrets } from '../../../src/config/exposed-secrets.ts';
import { directoryWith } from '../../support/config-file.ts';

const REST = 'lake: { type: local, path: lake }\ndatasets: { ticks: { time_column: ts } }\n';

function found(yaml: string, mode: number, secretMode = 0o600): string[] {
  const text = `${yaml}\n${REST}`;
  const directory = directoryWith({ 'unified_config.yaml': text, secret: 'x' });
  const file = join(directory, 'unified_config.yaml');
  chmodSync(file, mode);
  chmodSync(join(directory, 'secret'), secretMode);
  return checkExposedSecrets({ file, text }, { HERE: directory }).map(({ found: said }) =>
    said.replaceAll(directory, ''),
  );
}

it.each([
  ['postgres: { password: p }', 'postgres.password'],
  ['postgres: { url: "postgres://a:p@b/c" }', 'postgres.url'],
  ['server: { port: 1, status_token: t }', 'server.status_token'],
  ['alerts: { webhooks: { a: { url: "https://x/T0/B0" } } }', 'alerts.webhooks.a.url'],
  ['redis: { sentinel: { master: m, nodes: [a], password: p } }', 'redis.sentinel.password'],
])('a secret in a configuration that everybody reads is told: %s', (yaml, place) => {
  expect(found(yaml, 0o644)).toEqual([
    `every user of this machine can read /unified_config.yaml, which holds a secret (${place})`,
  ]);
  expect(found(yaml, 0o640)).toEqual([]);
});

it.each([
  'postgres: { password: "${PW}" }',
  'postgres: { url: "postgres://a@b/c" }',
  'postgres: { password_file: secret }',
  'server: { port: 1 }',
])('what holds none may be read by everybody: %s', (yaml) => {
  expect(found(yaml, 0o644)).toEqual([]);
});

it('a file with a secret that everybody reads is told, wherever its name comes from', () => {
  const yaml = 'redis: { host: a, password_file: "${HERE}/secret" }';
  expect(found(yaml, 0o600, 0o644)).toEqual([
    'every user of this machine can read /secret, which holds a secret (redis.password_file)',
  ]);
  expect(found(yaml, 0o644, 0o640)).toEqual([]);
});

/** `tierd doctor` as a whole: what is wrong is a line of its own, whatever else is wrong. */
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Check } from '../../../src/domain/check.ts';
import { runInside } from '../../support/cli.ts';
import { directoryWith } from '../../support/config-file.ts';
import { createTestDatabase, type TestDatabase } from '../../support/database.ts';

let database: TestDatabase;

beforeAll(async () => {
  database = await createTestDatabase();
  await database.query('create table news (t timestamptz primary key)');
  expect((await runTierdWith({}, database.url, 'migrate')).exitCode).toBe(0);
});

function runTierdWith(env: Record<string, string>, url: string, ...argv: string[]) {
  const directory = directoryWith({
    'a-file': '',
    'tierd.yaml': `
postgres: { url: "\${URL}" }
lake: { type: local, path: "\${LAKE:-lake}", min_free: 0MB }
datasets: { news: { time_column: t, iceberg: ${env['ICEBERG'] ?? 'false'} } }
`,
  });
  return runInside(['--config', join(directory, 'tierd.yaml'), ...argv], {
    env: { URL: url, ...env },
    clock: { now: Date.now },
  });
}

async function examine(url: string, env = {}): Promise<ReadonlyMap<string, Check>> {
  const { exitCode, stdout, stderr } = await runTierdWith(env, url, 'doctor', '--json');
  const { errors, checks } = JSON.parse(stdout) as { errors: number; checks: Check[] };
  expect({ exitCode, stderr }).toEqual({ exitCode: errors === 0 ? 0 : 1, stderr: '' });
  return new Map(checks.map((check) => [check.name, check]));
}

/** `work` is handed the URL of a role that may do what `grants` say and no more; `$` is its name. */
async function asRole(grants: string, work: (url: string, role: string) => Promise<void>) {
  const role = `poor_${database.name}`;
  await database.query(`create role ${role} login password 'x'`);
  try {
    await database.query(grants.replaceAll('$', role));
    const url = new URL(database.url);
    url.username = role;
    url.password = 'x';
    await work(url.href, role);
  } finally {
    await database.query(`drop owned by ${role}; drop role ${role}`);
  }
}

describe('the doctor, of a role', () => {
  it('that may do nothing, says of each thing what it needs', async () => {
    await asRole('', async (url, role) => {
      const checks = await examine(url);
      const advice = `grant usage, create on schema tierd to ${role}`;
      expect(checks.get('ledger_rights')).toMatchObject({ status: 'error' });
      expect(checks.get('ledger_rights')?.advice).toContain(advice);
      for (const name of ['ledger', 'lake_identity']) {
        expect(checks.get(name)).toMatchObject({ status: 'error' });
        expect(checks.get(name)?.advice).toContain('ledger_rights');
      }
      expect(checks.get('dataset:news:privilege')).toMatchObject({ status: 'error' });
      expect(checks.get('lake_writable')).toMatchObject({ status: 'ok' });
    });
  });

  it('that may see the ledger’s schema and not use its tables, names what to grant', async () => {
    await asRole('grant usage, create on schema tierd to $', async (url, role) => {
      const check = (await examine(url)).get('ledger_rights');
      expect(check).toMatchObject({ status: 'error' });
      expect(check?.found).toMatch(/(\d+) of \1 tables/);
      expect(check?.advice).toContain(
        `grant select, insert, update, delete on all tables in schema tierd to ${role}`,
      );
    });
  });

  it('that was granted what was advised, has nothing more to say of the ledger', async () => {
    const advised = `
      grant usage, create on schema tierd to $;
      grant select, insert, update, delete on all tables in schema tierd to $`;
    await asRole(advised, async (url) => {
      const checks = await examine(url);
      for (const name of ['ledger_rights', 'ledger', 'lake_identity']) {
        expect(checks.get(name)).toMatchObject({ status: 'ok' });
      }
    });
  });
});

it('the doctor goes on where the lake can’t be opened', async () => {
  const checks = await examine(database.url, { LAKE: 'a-file' });
  expect(checks.get('lake_writable')).toMatchObject({
    status: 'error',
    found: expect.stringContaining('ENOTDIR') as string,
    advice: expect.any(String) as string,
  });
  for (const name of ['lake_space', 'lake_identity']) {
    expect(checks.get(name)).toMatchObject({
      status: 'error',
      found: expect.stringContaining('is not a folder') as string,
    });
  }
  expect(checks.get('ledger')).toMatchObject({ status: 'ok' });
});

it('the doctor tells of a path that other engines cut off, where they are to read it', async () => {
  const told = async (env: Record<string, string>) =>
    (await examine(database.url, env)).get('lake_path')?.status;
  expect(await told({ LAKE: 'a#b', ICEBERG: 'true' })).toBe('warning');
  expect(await told({ LAKE: 'a b%20', ICEBERG: 'true' })).toBeUndefined();
  expect(await told({ LAKE: 'a#b' })).toBeUndefined();
});

it('the doctor tells every warning and error with what to do about it', async () => {
  await database.query('create table unindexed (t timestamptz)');
  await database.query('drop table news; alter table unindexed rename to news');
  const checks = await examine(database.url);
  expect(checks.get('dataset:news:note')).toMatchObject({
    status: 'warning',
    advice: 'create index concurrently on "public"."news" ("t")',
  });
  for (const check of checks.values()) {
    if (check.status !== 'ok') expect(check).toHaveProperty('advice', expect.any(String));
  }
});

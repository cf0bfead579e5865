/** `tierd audit`: what a person sees of the log, and how it ends where the log was touched. */
import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { hashEntry, NO_HASH } from '../../src/domain/audit.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { makeWorkspace, type Workspace } from '../support/workspace.ts';

let database: TestDatabase;

beforeAll(async () => {
  database = await createTestDatabase();
  await database.query('create table ticks (ts timestamptz not null, id int not null)');
});

/** Each `it` may come first: a directory goes with the test that made it. */
async function rotated(): Promise<Workspace> {
  const workspace = makeWorkspace(database, '  ticks: { time_column: ts }');
  await database.query('drop schema if exists tierd cascade');
  for (const argv of [['migrate'], ['rotate', '--force', '--quiet']]) {
    expect(await workspace.tierd(...argv)).toMatchObject({ exitCode: 0 });
  }
  return workspace;
}

interface Exported {
  readonly chain: string;
  readonly number: string;
  readonly hash: string;
  readonly entry: string;
}

describe('tierd audit', () => {
  it('lists, exports what can be checked without tierd, and tells that it is whole or where not', async () => {
    await database.query(
      `insert into ticks select now() - interval '60 days' + n * interval '1 day', n from generate_series(0, 9) n`,
    );
    const { tierd } = await rotated();
    const listed = await tierd('audit', 'list', 'ticks', '--limit', '2');
    expect(listed.stdout).toMatch(
      /WHEN +CHAIN +NO +ACTION +ROWS +RANGE +BY\n.* ticks +\d+ +moved +/,
    );
    expect(listed.stdout.trimEnd().split('\n')).toHaveLength(3);

    const exported = await tierd('audit', 'export');
    const lines = exported.stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Exported);
    let hash = NO_HASH;
    for (const { number, entry, hash: kept } of lines) {
      hash = hashEntry(hash, BigInt(number), entry);
      expect(kept).toBe(hash);
    }
    expect(await tierd('audit', 'verify')).toMatchObject({
      exitCode: 0,
      stdout: `whole ${String(lines.length)} entries in 1 chain, held against 1 day of the lake\n`,
    });

    await database.query('alter table tierd.audit disable trigger audit_is_only_added_to');
    await database.query(
      `update tierd.audit set entry = replace(entry, 'moved', 'merged') where number = 3`,
    );
    const broken = await tierd('audit', 'verify');
    expect(broken.exitCode).toBe(1);
    expect(broken.stdout).toContain('broken ticks: entry 3: it is not what was written');
    expect(JSON.parse((await tierd('audit', 'verify', '--json')).stdout)).toMatchObject({
      whole: false,
      broken: [{ chain: 'ticks', number: 3 }],
    });
  });

  it('says that there is nothing, and which datasets there are', async () => {
    const workspace = makeWorkspace(database, '  ticks: { time_column: ts }');
    await database.query('drop schema if exists tierd cascade');
    expect(await workspace.tierd('migrate')).toMatchObject({ exitCode: 0 });
    const { tierd } = workspace;
    expect((await tierd('audit', 'list')).stdout).toBe('Nothing was done to the lake yet.\n');
    expect(await tierd('audit', 'export')).toMatchObject({ exitCode: 0, stdout: '' });
    expect(await tierd('audit', 'list', 'tick')).toMatchObject({ exitCode: 2 });
    expect(await tierd('audit', 'export', '--json')).toMatchObject({ exitCode: 2 });
  });

  it('ends with 1 and says what to do where the lake has lost what the ledger wrote', async () => {
    await database.query(
      `insert into ticks select now() - interval '60 days' + n * interval '1 day', n from generate_series(0, 1) n`,
    );
    const { tierd, directory } = await rotated();
    const folder = join(directory, 'lake', 'cold_storage', '_tierd_audit');
    const [day = ''] = readdirSync(folder);
    rmSync(join(folder, day));
    const lost = await tierd('audit', 'verify');
    expect(lost).toMatchObject({ exitCode: 1, stderr: '' });
    expect(lost.stdout).toContain(`missing _tierd_audit/${day}: the ledger wrote it`);
    expect(lost.stdout).toContain('Put it back from a copy of the lake.');
    expect(JSON.parse((await tierd('audit', 'verify', '--json')).stdout)).toMatchObject({
      whole: false,
      contradictions: [{ key: `_tierd_audit/${day}`, kind: 'missing' }],
    });
  });
});

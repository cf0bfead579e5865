/** The audit log: an entry for each thing done to the lake, in the transaction that did it, and none changed unseen. */
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import type pg from 'pg';
import { beforeEach, describe, expect, it } from 'vitest';
import { reportAudit } from '../../../src/cli/reports/audit-report.ts';
import { styleOf } from '../../../src/cli/terminal/style.ts';
import { TierdError } from '../../../src/domain/errors.ts';
import { DAY_MS } from '../../../src/domain/time/time-range.ts';
import { inTransaction } from '../../../src/hot/transaction.ts';
import { type AuditVerdict, verifyAudit } from '../../../src/jobs/audit/verify-audit.ts';
import { separateLake, takeOverLake } from '../../../src/jobs/lake-owner.ts';
import { planRotationOf, rotateDataset } from '../../../src/jobs/rotate.ts';
import { unpinDataset } from '../../../src/jobs/unpin.ts';
import { nodeFileSystem } from '../../../src/lake/file-system.ts';
import { openLocalStore } from '../../../src/lake/local-store.ts';
import { addAuditEntry, listAudit } from '../../../src/ledger/audit.ts';
import { migrate } from '../../../src/ledger/migrate.ts';
import { compact } from '../../support/compact.ts';
import { createTestDatabase, type TestDatabase } from '../../support/database.ts';
import { days, restore, rotateAll } from '../../support/restore.ts';
import { type Bench, daysAgo, makeDataset, NOW, openBench } from '../../support/rotation.ts';

const TICKS = makeDataset('ticks');
const BY = { holder: 'test', isByHand: true, user: null };

let database: TestDatabase;
let db: pg.Client;
let bench: Bench;

beforeEach(async () => {
  database = await createTestDatabase();
  db = await database.connect();
  bench = await openBench(database);
  await db.query('create table ticks (time timestamptz not null, symbol text, id bigint not null)');
  await fill(72, 71, 70, 69, 68, 67, 5);
});

async function fill(...daysBack: readonly number[]): Promise<void> {
  for (const day of daysBack) {
    await db.query(
      `insert into ticks select $1::timestamptz + n * interval '7 minutes', 's' || n % 3, $2 * 1000 + n
       from generate_series(0, 49) n`,
      [daysAgo(day), day],
    );
  }
}

async function entries(): Promise<readonly Record<string, unknown>[]> {
  const { rows } = await db.query<{ entry: string }>(
    'select entry from tierd.audit order by chain, number',
  );
  return rows.map(({ entry }) => JSON.parse(entry) as Record<string, unknown>);
}

const verify = (): Promise<AuditVerdict> => verifyAudit(bench.rooms, db);

/** Of the day of NOW. */
const headFile = (): string => join(bench.lake, '_tierd_audit', '2026-03-31.json');

/** Who owns the table can do anything with it. */
async function asOwner(sql: string): Promise<void> {
  await db.query('alter table tierd.audit disable trigger audit_is_only_added_to');
  await db.query(sql);
  await db.query('alter table tierd.audit enable trigger audit_is_only_added_to');
}

describe('what is in it', () => {
  it('a move: who, which run, rows with their digest, and each segment with its checksum', async () => {
    await rotateAll(bench, TICKS);
    const moves = await db.query<{ id: string; source_digest: string }>(
      'select id::text, source_digest from tierd.moves order by changed_at',
    );
    const segments = await db.query<{ object_key: string; sha256: string }>(
      'select object_key, sha256 from tierd.segments order by object_key',
    );
    const found = await entries();
    expect(found).toHaveLength(moves.rows.length);
    expect(found.map(({ id }) => id).sort()).toEqual(moves.rows.map(({ id }) => id).sort());
    const published = found.flatMap(
      (entry) => entry['published'] as { key: string; sha256: string }[],
    );
    expect(
      published.map(({ key, sha256 }) => ({ object_key: key, sha256 })).toSorted(byKey),
    ).toEqual(segments.rows.toSorted(byKey));
    expect(found[0]).toMatchObject({
      action: 'moved',
      dataset: 'ticks',
      at: new Date(NOW).toISOString(),
      by: 'test',
      by_hand: true,
      retired: [],
    });
    expect(moves.rows.map((move) => move.source_digest)).toContain(found[0]?.['source_digest']);
    expect(found.reduce((sum, { rows }) => sum + Number(rows), 0)).toBe(300);
  });

  it('merges, restores, copies and the end of pins', async () => {
    await rotateAll(bench, TICKS);
    await restore(bench, TICKS, days(69, 68));
    await unpinDataset(bench.rooms, 'ticks', null);
    await rotateAll(bench, TICKS);
    await restore(bench, TICKS, days(68, 67), {
      into: { schema: 'public', name: 'copy_of_ticks' },
    });
    await compact(bench, TICKS);
    const found = await entries();
    const actions = found.map(({ action }) => action);
    expect(new Set(actions)).toEqual(
      new Set(['moved', 'merged', 'restored', 'copied', 'unpinned']),
    );
    const merged = found.find(({ action }) => action === 'merged');
    expect((merged?.['retired'] as string[]).length).toBeGreaterThan(1);
    expect(found.find(({ action }) => action === 'restored')).toMatchObject({
      table: 'public.ticks',
      pinned_until: '2026-04-07T13:45:00.000Z',
      rows: '50',
    });
    expect(found.find(({ action }) => action === 'copied')).toMatchObject({
      table: 'public.copy_of_ticks',
      retired: [],
    });
    expect(await verify()).toMatchObject({ broken: [], contradictions: [], days: 1 });
  });

  it('nothing of a dry run (I7), of a move that was rolled back, or of an unpinning of nothing', async () => {
    await planRotationOf(bench.rooms, TICKS);
    await unpinDataset(bench.rooms, 'ticks', null);
    const options = { doing: 'trying', isolation: 'read committed', readOnly: false } as const;
    await inTransaction(db, options, async () => {
      await addAuditEntry(db, { action: 'moved', chain: 'ticks', at: NOW, by: BY });
      throw new Error('rolled back');
    }).catch(() => undefined);
    expect(await entries()).toEqual([]);
    expect((await db.query('select from tierd.audit_heads')).rowCount).toBe(0);
  });
});

describe('that it is as it was written', () => {
  it('however many add to a chain at once', async () => {
    const clients = await Promise.all(Array.from({ length: 8 }, () => database.connect()));
    await Promise.all(
      clients.map(async (client, id) => {
        for (let n = 0; n < 20; n += 1) {
          const options = {
            doing: 'adding',
            isolation: 'read committed',
            readOnly: false,
          } as const;
          await inTransaction(client, options, async () => {
            await addAuditEntry(client, {
              action: 'moved',
              chain: 'ticks',
              at: NOW,
              by: BY,
              facts: { id, n },
            });
            if (n % 5 === 4) throw new Error('rolled back');
          }).catch((error: unknown) => {
            if (!(error as Error).message.includes('rolled back')) throw error;
          });
        }
      }),
    );
    expect(await verify()).toMatchObject({ entries: 128n, chains: 1, broken: [] });
  });

  it('nobody changes, takes out or empties it by accident', async () => {
    await rotateAll(bench, TICKS);
    for (const sql of [
      `update tierd.audit set entry = '{}'`,
      'delete from tierd.audit',
      'truncate tierd.audit',
    ]) {
      await expect(db.query(sql)).rejects.toThrow('tierd.audit is only ever added to');
    }
  });

  it('an entry that was changed, and one that was taken out, are found', async () => {
    await rotateAll(bench, TICKS);
    await asOwner(
      `update tierd.audit set entry = replace(entry, 'moved', 'merged') where number = 2`,
    );
    expect((await verify()).broken).toMatchObject([{ chain: 'ticks', number: 2n }]);
    await asOwner('delete from tierd.audit where number = 2');
    expect((await verify()).broken).toMatchObject([{ chain: 'ticks', number: 2n }]);
  });

  it('a log that was rewritten as a whole is contradicted by the lake', async () => {
    await rotateAll(bench, TICKS);
    expect(await verify()).toMatchObject({ broken: [], contradictions: [], days: 1 });
    await asOwner('truncate tierd.audit, tierd.audit_heads');
    for (let n = 0; n < 3; n += 1) {
      await addAuditEntry(db, { action: 'moved', chain: 'ticks', at: NOW, by: BY, facts: { n } });
    }
    expect(await verify()).toMatchObject({
      broken: [],
      contradictions: [{ key: '_tierd_audit/2026-03-31.json' }],
    });
    await asOwner('truncate tierd.audit, tierd.audit_heads');
    expect((await verify()).contradictions).toMatchObject([
      { reason: expect.stringMatching('is gone') },
    ]);
  });

  it('what lies in the lake and is no head is told', async () => {
    await rotateAll(bench, TICKS);
    await writeFile(headFile(), '{"tierdAudit":1}');
    expect((await verify()).contradictions).toMatchObject([
      { reason: 'it is no record of the audit log' },
    ]);
  });
});

describe('that the lake has what the ledger gave it', () => {
  it('a day whose heads are gone from it is told, and one that it does not give', async () => {
    let now = NOW;
    const rooms = { ...bench.rooms, clock: { now: () => now } };
    await rotateDataset(rooms, TICKS, { force: true });
    now += DAY_MS;
    await rotateDataset(rooms, TICKS, { force: true });
    await rm(headFile());
    expect(await verify()).toMatchObject({
      broken: [],
      days: 1,
      contradictions: [{ key: '_tierd_audit/2026-03-31.json', kind: 'missing' }],
    });
    const store = {
      list: (prefix: string) => rooms.store.list(prefix),
      read: () => {
        throw new TierdError({ code: 'LAKE_UNREADABLE', message: 'a bad sector' });
      },
    };
    expect(await verifyAudit({ store }, db)).toMatchObject({
      days: 0,
      contradictions: [{ kind: 'missing' }, { kind: 'unreadable' }],
    });
  });

  it('a ledger that is another one now is told, unless its log says that it took the lake over', async () => {
    await rotateAll(bench, TICKS);
    await db.query('update tierd.lake set ledger_id = gen_random_uuid()');
    expect(await verify()).toMatchObject({
      days: 0,
      othersDays: 0,
      contradictions: [{ key: '_tierd_audit/2026-03-31.json', kind: 'other_ledger' }],
    });
    await takeOverLake(bench.rooms, db);
    expect(await verify()).toMatchObject({ othersDays: 1, contradictions: [] });
  });

  it('a ledger that was made anew in place of the one that had the lake is told', async () => {
    await rotateAll(bench, TICKS);
    await db.query('drop schema tierd cascade');
    await migrate(db);
    expect(await verify()).toMatchObject({
      entries: 0n,
      contradictions: [{ kind: 'other_ledger' }],
    });
  });

  it('not what lies in the lake that a ledger had before it separated', async () => {
    await rotateAll(bench, TICKS);
    const other = await openLocalStore(join(bench.directory, 'separate'), nodeFileSystem);
    const rooms = { ...bench.rooms, store: other, clock: { now: () => Date.now() } };
    await separateLake(rooms, db);
    expect(await verifyAudit(rooms, db)).toMatchObject({ days: 0, contradictions: [] });
    await db.query('update tierd.audit_days set day = $1', [new Date().toISOString()]);
    await fill(80);
    await rotateDataset(rooms, TICKS, { force: true });
    expect(await verifyAudit(rooms, db)).toMatchObject({ days: 1, contradictions: [] });
  });

  it('entries that are no JSON any more are found, and nothing else ends with them', async () => {
    await rotateAll(bench, TICKS);
    await asOwner(`update tierd.audit set entry = 'taken_over' where number = 2`);
    expect((await verify()).broken).toMatchObject([{ chain: 'ticks', number: 2n }]);
    const listed = await listAudit(db, { chains: null, limit: 100 });
    expect(listed.map(({ number }) => number)).toContain(2n);
    const plain = styleOf(new PassThrough(), { wanted: false, env: {} });
    expect(reportAudit(listed).text(plain)).toContain('not what was written');
  });
});

describe('the heads in the lake', () => {
  it('are written once a day, and never over another', async () => {
    let now = NOW;
    const rooms = { ...bench.rooms, clock: { now: () => now } };
    await rotateDataset(rooms, TICKS, { force: true });
    const first = await readFile(headFile(), 'utf8');
    await fill(75);
    await rotateDataset(rooms, TICKS, { force: true });
    expect(await readFile(headFile(), 'utf8')).toBe(first);
    now += DAY_MS;
    await rotateDataset(rooms, TICKS, { force: true });
    expect((await verify()).days).toBe(2);
  });

  it('are written by the next run where the lake could not take them, or the ledger lost its note', async () => {
    await rotateAll(bench, TICKS);
    await rm(headFile());
    await db.query('delete from tierd.audit_days');
    await rotateAll(bench, TICKS);
    await db.query('delete from tierd.audit_days');
    await rotateAll(bench, TICKS);
    expect(await verify()).toMatchObject({ days: 1, contradictions: [] });
  });
});

const byKey = (a: { object_key: string }, b: { object_key: string }): number =>
  a.object_key < b.object_key ? -1 : 1;

import { randomBytes } from 'node:crypto';
import { chmod, cp, open, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type pg from 'pg';
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { rotateDataset } from '../../../src/jobs/rotate.ts';
import { type ScrubRequest, scrub } from '../../../src/jobs/scrub.ts';
import type { ScrubResult } from '../../../src/jobs/scrub-result.ts';
import { DuckEngine } from '../../../src/lake/segment/duckdb.ts';
import { listPastRuns } from '../../../src/ledger/run-history.ts';
import { listRuns } from '../../../src/ledger/runs.ts';
import { countFindings } from '../../../src/ledger/scrub-findings.ts';
import { listSegments } from '../../../src/ledger/segments.ts';
import { createTestDatabase } from '../../support/database.ts';
import { deleteFrom } from '../../support/delete.ts';
import { type Bench, daysAgo, makeDataset, openBench } from '../../support/rotation.ts';

let db: pg.Client;
let bench: Bench;
let keys: readonly string[];

const WHOLE: ScrubRequest = {
  dataset: null,
  sample: null,
  prove: 'standard',
  onProgress: () => undefined,
};

const ask = (
  changes: Partial<ScrubRequest> = {},
  signal: AbortSignal = bench.rooms.signal,
): Promise<ScrubResult> => scrub({ ...bench.rooms, signal }, { ...WHOLE, ...changes });

const pathOf = (index: number): string => join(bench.lake, keys[index] ?? '');

/** As a disk or a hand would: the published file is read-only for tierd. */
async function overwrite(path: string, at: number, bytes: Buffer): Promise<void> {
  await chmod(path, 0o644);
  const file = await open(path, 'r+');
  await file.write(bytes, 0, bytes.length, at);
  await file.close();
}

describe('scrub', () => {
  beforeEach(async () => {
    const database = await createTestDatabase();
    db = await database.connect();
    bench = await openBench(database);
    await database.query('create table ticks (time timestamptz, symbol text, id int)');
    await database.query(
      `insert into ticks select $1::timestamptz + n * interval '1 hour', 'a', n from generate_series(0, 119) n`,
      [daysAgo(40)],
    );
    await rotateDataset(bench.rooms, makeDataset('ticks'), { force: true });
    keys = (await listSegments(db, { states: ['live'] })).map((segment) => segment.key);
  });

  it('proves every value of a sound lake, with either reader', async () => {
    for (const prove of ['standard', 'independent'] as const) {
      const result = await ask({ prove });
      expect(result).toMatchObject({ provenSlices: 5, provenRows: 120, unproven: [] });
      expect(result.bytes.ok).toHaveLength(5);
    }
  });

  it('calls no segment damaged because of its own want of memory, and notes nothing of it', async () => {
    const database = await createTestDatabase();
    db = await database.connect();
    bench = await openBench(database);
    await database.query('create table large (time timestamptz, symbol text, body text)');
    await database.query(
      `insert into large select $1, 'a', string_agg(md5(i::text), '') from generate_series(1, 1000000) i`,
      [daysAgo(40)],
    );
    await rotateDataset(bench.rooms, makeDataset('large'), { force: true });
    const engine = await DuckEngine.open({
      memoryLimitBytes: 20_000_000,
      tempDirectory: bench.directory,
      threads: 1,
    });
    onTestFinished(() => engine.close());
    bench = { ...bench, rooms: { ...bench.rooms, engine } };
    const result = await ask();
    expect(result).toMatchObject({
      provenSlices: 0,
      unproven: [],
      unjudged: [{ reason: expect.stringMatching(/Out of Memory.*says nothing about the file/su) }],
    });
    expect(await countFindings(db)).toEqual(new Map());
  });

  it.for(['EMFILE', 'EACCES', 'EIO'])('nor because of %s while it proves', async (code) => {
    const fileSystem = {
      ...bench.rooms.fileSystem,
      read: () => {
        throw Object.assign(new Error(`${code}: open`), { code });
      },
    };
    bench = { ...bench, rooms: { ...bench.rooms, fileSystem } };
    const result = await ask();
    expect(result).toMatchObject({ provenSlices: 0, unproven: [] });
    expect(result.unjudged).toHaveLength(5);
    expect(await countFindings(db)).toEqual(new Map());
  });

  it('tells segments that are missing or altered, and files that are not tierd’s', async () => {
    await rm(pathOf(0));
    await overwrite(pathOf(1), 100, randomBytes(8));
    await writeFile(join(bench.lake, 'ticks/foreign.parquet'), 'x');
    const { bytes, provenSlices } = await ask();
    expect(bytes.missing.map(({ key }) => key)).toEqual([keys[0]]);
    expect(bytes.altered.map(({ segment }) => segment.key)).toEqual([keys[1]]);
    expect(bytes.unknown.map(({ key }) => key)).toEqual(['ticks/foreign.parquet']);
    expect(provenSlices).toBe(3);
    expect([...(await countFindings(db))]).toEqual([['ticks', 2]]);
  });

  it('names what is lost with a folder, and nothing once its copy is back', async () => {
    const folder = join(bench.lake, 'ticks');
    const copy = join(bench.directory, 'copy');
    await cp(folder, copy, { recursive: true });
    await rm(folder, { recursive: true });
    const lost = await ask();
    expect(lost.bytes.missing.map(({ key }) => key)).toEqual(keys);
    expect(lost.provenSlices).toBe(0);
    expect([...(await countFindings(db))]).toEqual([['ticks', 5]]);
    await cp(copy, folder, { recursive: true });
    expect(await ask()).toMatchObject({ provenSlices: 5, provenRows: 120, unproven: [] });
    expect(await countFindings(db)).toEqual(new Map());
  });

  it('calls no slice damaged whose segments were removed while it proved them', async () => {
    const dataset = makeDataset('ticks');
    let pending: (() => Promise<unknown>) | null = () =>
      deleteFrom(bench, dataset, 'id < 30', { now: true });
    const engine = new Proxy(bench.rooms.engine, {
      get(target, name) {
        const member: unknown = Reflect.get(target, name, target);
        if (name !== 'connect') return member;
        return async () => {
          const due = pending;
          pending = null;
          await due?.();
          return target.connect();
        };
      },
    });
    const result = await scrub({ ...bench.rooms, engine }, WHOLE);
    expect(pending).toBeNull();
    expect(result).toMatchObject({ provenSlices: 3, unproven: [], unjudged: [] });
    expect(await countFindings(db)).toEqual(new Map());
  });

  it('notes what is bad in the ledger until it is found sound again', async () => {
    const sound = await readFile(pathOf(1));
    await overwrite(pathOf(1), 100, randomBytes(8));
    await ask();
    await ask({ prove: null });
    expect([...(await countFindings(db))]).toEqual([['ticks', 1]]);
    await overwrite(pathOf(1), 0, sound);
    await ask();
    expect([...(await countFindings(db))]).toEqual([]);
  });

  it('tells values that are not those that were sent, though the bytes are those of the ledger (I1)', async () => {
    await db.query(
      `update tierd.slices set fingerprint = jsonb_set(fingerprint, '{rowHash}', '"0000000000000000"')
       where id = (select min(id) from tierd.slices)`,
    );
    const result = await ask();
    expect(result.bytes.ok).toHaveLength(5);
    expect(result.unproven.map((slice) => slice.keys)).toEqual([[keys[0]]]);
    expect(result.provenSlices).toBe(4);
  });

  it('of a person is among the runs, with what it found; a daemon’s is recorded by the daemon', async () => {
    const past = async () =>
      (await listPastRuns(db, { job: 'scrub', limit: 10 })).map(
        ({ id, subject, cause, state, errorMessage }) => ({
          byHand: id.startsWith('hand-'),
          subject,
          cause,
          state,
          errorMessage,
        }),
      );
    const run = {
      byHand: true,
      subject: null,
      cause: 'by_hand',
      state: 'done',
      errorMessage: null,
    };
    await ask();
    await scrub({ ...bench.rooms, isByHand: false }, { ...WHOLE, dataset: 'ticks' });
    expect(await past()).toEqual([run]);
    await writeFile(join(bench.lake, 'ticks/foreign.parquet'), 'x');
    await ask({ dataset: 'ticks' });
    await rm(pathOf(0));
    await ask();
    await expect(ask({ dataset: 'ticks' }, AbortSignal.abort())).rejects.toThrow();
    expect(await past()).toEqual([
      { ...run, subject: 'ticks', state: 'interrupted', errorMessage: expect.any(String) },
      { ...run, state: 'failed', errorMessage: '1 segment is not what was published' },
      {
        ...run,
        subject: 'ticks',
        errorMessage: '1 file is not known to this ledger; nothing is damaged',
      },
      run,
    ]);
    // What it says of a dataset's last run is of rotations only.
    const [last] = await listRuns(db, { dataset: 'ticks', limit: 1 });
    expect(last).toMatchObject({ job: 'rotate' });
  });

  it('reads a part when asked, the same for the same seed, and changes nothing', async () => {
    const sample = { share: 0.5, seed: 'x' };
    const [once, again] = [await ask({ sample }), await ask({ sample })];
    expect(once.bytes.ok).toEqual(again.bytes.ok);
    expect(once.bytes.ok.length + once.bytes.unread.length).toBe(5);
    expect((await listSegments(db, { states: ['live'] })).map(({ key }) => key)).toEqual(keys);
  });
});

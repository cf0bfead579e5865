import { createHash } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import type pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ColumnPlan } from '../../../src/domain/columns/column-plan.ts';
import type { VerifyLevel } from '../../../src/domain/dataset.ts';
import { TierdError } from '../../../src/domain/errors.ts';
import { ProvenSegments } from '../../../src/domain/plan/proof.ts';
import { nodeFileSystem } from '../../../src/lake/file-system.ts';
import { verifySegments } from '../../../src/lake/segment-verifier.ts';
import {
  type EncodedSlice,
  encodeTable,
  METADATA,
  openWorkshop,
  verifySlice,
  type Workshop,
} from '../../support/codec/slice.ts';
import { createTestDatabase, type TestDatabase } from '../../support/database.ts';

const LEVELS: readonly VerifyLevel[] = ['standard', 'independent'];

let database: TestDatabase;
let client: pg.Client;
let workshop: Workshop;
let slice: EncodedSlice;
let copies = 0;

beforeAll(async () => {
  database = await createTestDatabase();
  client = await database.connect();
  await client.query(`
    create table quotes (at timestamptz not null, bid numeric(12,4), ask numeric(12,4), note text, flag bool);
    insert into quotes select '2024-01-15'::timestamptz + i * interval '1 s', i % 700 / 7.0, i % 500 / 5.0,
                              case when i % 10 > 0 then 'note number ' || i % 400 end, i % 3 = 0
    from generate_series(1, 6000) i`);
  workshop = await openWorkshop();
  slice = await encodeTable({ client, workshop, table: 'quotes', sortBy: ['note'] });
});

afterAll(() => workshop.close());

/** The slice with its file replaced by a changed copy, and told the copy's size and SHA-256. */
async function withFile(change: (bytes: Buffer) => Buffer, honest: boolean): Promise<EncodedSlice> {
  const [original] = slice.segments;
  const bytes = change(await readFile(original!.path));
  copies += 1;
  const path = `${workshop.directory}/copy-${copies}.parquet`;
  await writeFile(path, bytes);
  const facts = { bytes: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex') };
  return { ...slice, segments: [{ ...original!, path, ...(honest ? facts : {}) }] };
}

/** The slice rewritten by some SQL over its rows, whole and well-formed. */
async function rewritten(select: string): Promise<EncodedSlice> {
  copies += 1;
  const path = `${workshop.directory}/rewritten-${copies}.parquet`;
  const connection = await workshop.engine.connect();
  const metadata = Object.entries(METADATA).map(
    ([key, value]) => `"${key}": '${value.replaceAll("'", "''")}'`,
  );
  const source = `read_parquet('${slice.segments[0]!.path}', file_row_number = true)`;
  await connection.run(
    `copy (${select.replace('SOURCE', source)}) to '${path}' (format parquet, compression zstd, kv_metadata {${metadata.join(', ')}})`,
  );
  connection.close();
  const bytes = await readFile(path);
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  return { ...slice, segments: [{ ...slice.segments[0]!, path, bytes: bytes.length, sha256 }] };
}

async function mismatchOf(changed: EncodedSlice, level: VerifyLevel): Promise<TierdError> {
  const failure: unknown = await verifySlice(workshop, changed, level).catch(
    (error: unknown) => error,
  );
  expect(failure).toBeInstanceOf(TierdError);
  expect(failure).toMatchObject({ code: 'VERIFY_MISMATCH', exitCode: 1 });
  expect((failure as TierdError).message).toContain('Nothing was deleted');
  return failure as TierdError;
}

const COLUMNS = '"at", bid, ask, note, flag';

describe.for(LEVELS)('verification, %s', (level) => {
  it('I1: proves what was written, and knows each file’s own fingerprint', async () => {
    const proof = await verifySlice(workshop, slice, level);
    expect(proof).toBeInstanceOf(ProvenSegments);
    expect(proof.rows).toBe(6000);
    expect(proof.fingerprint).toEqual(slice.fingerprint);
    expect(proof.segments[0]?.fingerprint).toEqual(slice.fingerprint);
  });

  it('I6: proves jsonb of segments from before, which carry a JSON annotation', async () => {
    await client.query(`create table if not exists documents as
      select '2024-01-15'::timestamptz as at, '{"a": 1}'::jsonb as b, '[ ]'::json as a`);
    const before = await encodeTable({
      client,
      workshop,
      table: 'documents',
      replan: (plan) => (plan.name === 'at' ? plan : { ...plan, duckdbType: 'JSON' }),
    });
    expect((await verifySlice(workshop, before, level)).rows).toBe(1);
    const columns = before.columns.map((plan) =>
      plan.name === 'at' ? plan : { ...plan, duckdbType: 'VARCHAR' },
    );
    expect((await mismatchOf({ ...before, columns }, level)).message).toMatch(/BYTE_ARRAY JSON/);
  });

  it('I13: finds field ids that are not those of the columns', async () => {
    const columns = slice.columns.map((plan, index) => ({ ...plan, fieldId: index + 1 }));
    const failure = await mismatchOf({ ...slice, columns }, level);
    expect(failure.message).toMatch(/field id/);
  });

  it('I1: finds a bit that flipped anywhere in the file', async () => {
    const size = slice.segments[0]!.bytes;
    for (let region = 0; region < 40; region += 1) {
      const at = Math.floor(((size - 1) * region) / 39);
      const changed = await withFile((bytes) => flip(bytes, at, region % 8), false);
      expect((await mismatchOf(changed, level)).context['what']).toBe('SHA-256');
    }
  });

  it('I1: finds a bit that flipped in the data even if the hash was taken after it', async () => {
    const size = slice.segments[0]!.bytes;
    let unnoticed = 0;
    for (let at = 4; at < size; at += Math.ceil(size / 150)) {
      const changed = await withFile((bytes) => flip(bytes, at, at % 8), true);
      try {
        await verifySlice(workshop, changed, level);
        // Bytes that mean nothing (sizes that nobody reads, who made the file) may change unseen…
        unnoticed += 1;
      } catch (error) {
        expect(error).toMatchObject({ code: 'VERIFY_MISMATCH' });
      }
    }
    // … but they are few.
    expect(unnoticed).toBeLessThan(15);
  });

  it.for([0, 3, 100, -1, -8, -200])('I1: finds a file cut off at %i', async (end) => {
    const cut = (bytes: Buffer): Buffer => Buffer.from(bytes.subarray(0, end));
    expect((await mismatchOf(await withFile(cut, false), level)).context['what']).toBe('bytes');
    await mismatchOf(await withFile(cut, true), level);
  });

  it('I1: finds a file that is longer', async () => {
    const more = (bytes: Buffer): Buffer => Buffer.concat([bytes, Buffer.from('PAR1')]);
    await mismatchOf(await withFile(more, false), level);
    await mismatchOf(await withFile(more, true), level);
  });

  it.for([
    [
      'two columns of one type in each other’s place',
      `select "at", ask as bid, bid as ask, note, flag from SOURCE`,
      'values',
    ],
    [
      'values of one column moved down by a row',
      `select "at", bid, ask, note, lag(flag, 1, false) over (order by file_row_number) as flag from SOURCE`,
      '',
    ],
    [
      'two rows’ values of one column swapped',
      `select "at", case file_row_number when 0 then (select bid from SOURCE where file_row_number = 5) when 5 then (select bid from SOURCE where file_row_number = 0) else bid end as bid, ask, note, flag from SOURCE`,
      'row hash',
    ],
    [
      'a value that differs by one unit',
      `select "at", (bid + case file_row_number when 17 then 0.0001 else 0 end)::decimal(12,4) as bid, ask, note, flag from SOURCE`,
      'values',
    ],
    [
      'a time that differs by one microsecond',
      `select "at" + to_microseconds(case file_row_number when 17 then 1 else 0 end) as "at", bid, ask, note, flag from SOURCE`,
      'values',
    ],
    [
      'a null that became empty',
      `select "at", bid, ask, coalesce(note, '') as note, flag from SOURCE`,
      'nulls',
    ],
    [
      'an empty that became null',
      `select "at", bid, ask, nullif(note, 'note number 1') as note, flag from SOURCE`,
      'nulls',
    ],
    [
      'a row lost',
      `select ${COLUMNS} from SOURCE where file_row_number <> 3`,
      'rows in the footer',
    ],
    [
      'a row doubled',
      `select ${COLUMNS} from SOURCE union all (select ${COLUMNS} from SOURCE where file_row_number = 3)`,
      'rows in the footer',
    ],
    [
      'a row in the place of another',
      `select ${COLUMNS} from SOURCE where file_row_number <> 3 union all (select ${COLUMNS} from SOURCE where file_row_number = 4)`,
      '',
    ],
    [
      'a column of another type',
      `select "at", bid::double as bid, ask, note, flag from SOURCE`,
      'type',
    ],
    [
      'a column of another scale',
      `select "at", bid::decimal(13,4) as bid, ask, note, flag from SOURCE`,
      'type',
    ],
    [
      'a timestamp that lost its time zone',
      `select "at"::timestamp as "at", bid, ask, note, flag from SOURCE`,
      'type',
    ],
    ['a column missing', `select "at", bid, ask, note from SOURCE`, 'columns'],
    ['a column too many', `select ${COLUMNS}, 1 as extra from SOURCE`, 'columns'],
    ['columns in another order', `select "at", ask, bid, note, flag from SOURCE`, 'columns'],
    ['a column of another name', `select "at", bid as bit, ask, note, flag from SOURCE`, 'columns'],
  ] as const)('I1: finds %s', async ([, select, what]) => {
    const all = select.replaceAll(
      'SOURCE',
      `read_parquet('${slice.segments[0]!.path}', file_row_number = true)`,
    );
    const changed = await rewritten(all);
    const failure = await mismatchOf(changed, level);
    if (what !== '') expect(failure.context['what']).toBe(what);
  });

  it('I1: finds metadata that says something else', async () => {
    const failure = verifySegments({
      engine: workshop.engine,
      fs: nodeFileSystem,
      segments: slice.segments,
      columns: slice.columns,
      metadata: { ...METADATA, 'tierd.dataset': 'another' },
      codec: 'zstd',
      expected: slice.fingerprint,
      level,
      signal: new AbortController().signal,
    });
    await expect(failure).rejects.toMatchObject({ code: 'VERIFY_MISMATCH' });
  });

  it('I1: finds statistics that would make a query leave rows out', async () => {
    const [{ maxTimeUs } = { maxTimeUs: 0n }] = slice.segments;
    const lowered = await withFile((bytes) => {
      const copy = Buffer.from(bytes);
      const largest = Buffer.alloc(8);
      largest.writeBigInt64LE(maxTimeUs);
      let found = 0;
      for (let at = copy.indexOf(largest); at !== -1; at = copy.indexOf(largest, at)) {
        copy.writeBigInt64LE(maxTimeUs - 1n, at);
        found += 1;
      }
      expect(found).toBeGreaterThan(0);
      return copy;
    }, true);
    const failure = await mismatchOf(lowered, level);
    expect(failure.context).toMatchObject({
      column: 'at',
      what: expect.stringContaining('statistics'),
    });
  });

  it('I1: finds a file of the slice missing, and one there twice', async () => {
    const cut = await encodeTable({
      client,
      workshop,
      table: 'quotes',
      sortBy: ['note'],
      targetFileBytes: 20_000,
    });
    expect(cut.segments.length).toBeGreaterThan(1);
    await verifySlice(workshop, cut, level);
    const lacking = { ...cut, segments: cut.segments.slice(1) };
    expect((await mismatchOf(lacking, level)).context['what']).toBe('rows');
    const [first, ...others] = cut.segments;
    await mismatchOf({ ...cut, segments: [first!, first!, ...others] }, level);
  });

  it('says where it can’t read, and stops when told to', async () => {
    const gone = { ...slice.segments[0]!, path: `${workshop.directory}/gone.parquet` };
    await expect(
      verifySlice(workshop, { ...slice, segments: [gone] }, level),
    ).rejects.toMatchObject({
      code: 'LAKE_UNREADABLE',
    });
    const stopped = verifySegments({
      engine: workshop.engine,
      fs: nodeFileSystem,
      segments: slice.segments,
      columns: slice.columns,
      metadata: METADATA,
      codec: 'zstd',
      expected: slice.fingerprint,
      level,
      signal: AbortSignal.abort(),
    });
    await expect(stopped).rejects.toMatchObject({ code: 'INTERRUPTED' });
  });
});

describe('the two readers', () => {
  it('I1: do not take each other’s word: the columns of the plan decide what a value means', async () => {
    // The same 8 bytes as a number and as a time: the footer gives it away.
    const columns: ColumnPlan[] = slice.columns.map((plan) =>
      plan.name === 'at' ? { ...plan, held: { kind: 'int8' }, duckdbType: 'BIGINT' } : plan,
    );
    for (const level of LEVELS) {
      expect((await mismatchOf({ ...slice, columns }, level)).context['column']).toBe('at');
    }
  });

  it('I6: agree with each other on a dictionary of more than 255 entries', async () => {
    await client.query(`
      create table many_words (at timestamptz, word text);
      insert into many_words select '2024-01-15'::timestamptz + i * interval '1 s', 'word ' || i % 3000
      from generate_series(1, 40000) i`);
    const words = await encodeTable({ client, workshop, table: 'many_words' });
    for (const level of LEVELS) {
      expect((await verifySlice(workshop, words, level)).rows).toBe(40_000);
    }
  });
});

it('I1: nothing but verification makes a proof', () => {
  const forge = ProvenSegments as unknown as new (key: symbol, ...rest: unknown[]) => unknown;
  const key = Symbol('what verification makes');
  expect(() => new forge(key, [], slice.fingerprint)).toThrow(TypeError);
});

function flip(bytes: Buffer, at: number, bit: number): Buffer {
  const copy = Buffer.from(bytes);
  copy[at] = copy[at]! ^ (1 << bit);
  return copy;
}

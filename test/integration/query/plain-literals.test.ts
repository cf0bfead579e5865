/** What is read without the engine is what the engine reads, and rules out the segments that it would. */
import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { SegmentRef } from '../../../src/query/segments/cold-catalog.ts';
import { findNeeds } from '../../../src/query/segments/prune.ts';
import { chooseSegments, findHull } from '../../../src/query/segments/segment-filter.ts';
import { plainText, plainTime } from '../../../src/query/sql/plain-literal.ts';
import { ANY } from '../../../src/query/sql/predicate.ts';
import { type AstObject, isObject, objectsIn } from '../../../src/query/sql/sql-ast.ts';
import { quoteText } from '../../../src/query/sql/sql-text.ts';
import { admitSelect } from '../../../src/query/sql/statement.ts';

let instance: DuckDBInstance;
let duckdb: DuckDBConnection;

beforeAll(async () => {
  instance = await DuckDBInstance.create(':memory:');
  duckdb = await instance.connect();
  await duckdb.run("set TimeZone = 'UTC'");
});

afterAll(() => {
  duckdb.closeSync();
  instance.closeSync();
});

async function constantOf(expression: string): Promise<AstObject> {
  const { node } = await admitSelect(duckdb, `select ${expression}`);
  const [constant = {}] = isObject(node) ? objectsIn(node['select_list']) : [];
  return constant;
}

async function read(sql: string): Promise<readonly unknown[]> {
  return (await duckdb.runAndReadAll(sql)).getRows()[0] ?? [];
}

const two = (most: number) =>
  fc.integer({ min: 0, max: most }).map((n) => String(n).padStart(2, '0'));
/** Some of them are none: the 31st of February, hour 24, second 60. */
const written = fc
  .record({
    year: fc.constantFrom('0000', '0001', '1582', '1899', '1970', '2024', '9999', '10000', '24'),
    month: two(13),
    day: two(32),
    between: fc.constantFrom(' ', 'T', '  ', ''),
    clock: fc.tuple(two(24), two(60), two(60)).map((parts) => parts.join(':')),
    fraction: fc.constantFrom('', '.5', '.000001', '.120000', '.1234567', '.'),
    zone: fc.constantFrom('', 'Z', '+00', '+01', ' UTC', '+00:00'),
    isDay: fc.boolean(),
  })
  .map(({ year, month, day, between, clock, fraction, zone, isDay }) =>
    isDay
      ? `${year}-${month}-${day}`
      : `${year}-${month}-${day}${between}${clock}${fraction}${zone}`,
  );

describe('a literal that is read without the engine', () => {
  test.each(['DATE', 'TIMESTAMP', 'TIMESTAMP WITH TIME ZONE'])(
    'is the %s that the engine makes of it',
    async (type) => {
      let readable = 0;
      await fc.assert(
        fc.asyncProperty(written, fc.boolean(), async (text, isCast) => {
          const literal = quoteText(text);
          const constant = await constantOf(isCast ? `${literal}::${type}` : literal);
          const plain = plainTime(constant, type);
          if (plain === null) return;
          readable += 1;
          expect(
            await read(
              `select cast(${literal} as ${type})::varchar, epoch_us(cast(cast(${literal} as ${type}) as timestamptz))`,
            ),
          ).toEqual([plain.text, plain.us]);
        }),
        { numRuns: 400 },
      );
      expect(readable).toBeGreaterThan(5);
    },
  );

  test('is none where it is cast to another type, or tried', async () => {
    const type = 'TIMESTAMP WITH TIME ZONE';
    const none = ["'2024-01-01'::date", "try_cast('2024-01-01' as timestamptz)", 'now()', 'null'];
    for (const expression of none) {
      expect(plainTime(await constantOf(expression), type), expression).toBeNull();
    }
    for (const expression of ['5', 'null', "'a' || 'b'", "'a'::varchar", 'now()']) {
      expect(plainText(await constantOf(expression)), expression).toBeNull();
    }
  });

  test('is the text that the engine reads', async () => {
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: 'grapheme' }), async (text) => {
        if (text.includes('\0')) return;
        const literal = quoteText(text);
        expect(plainText(await constantOf(literal))).toBe((await read(`select ${literal}`))[0]);
      }),
      { numRuns: 300 },
    );
  });
});

const DAY_US = 86_400_000_000;
const texts = fc.oneof(
  fc.constantFrom('', 'a', 'B', 'é', 'z', '\uffee', '😀', 'S00007'),
  fc.string({ unit: 'grapheme', maxLength: 3 }).filter((text) => !text.includes('\0')),
);
const segment = fc
  .record({
    from: fc.integer({ min: -3 * DAY_US, max: 3 * DAY_US }),
    span: fc.integer({ min: 0, max: 2 * DAY_US }),
    min: fc.option(texts),
    max: fc.option(texts),
  })
  .map(
    ({ from, span, min, max }): SegmentRef => ({
      key: 'k',
      rows: 1n,
      bytes: 1n,
      minTimeUs: BigInt(from),
      maxTimeUs: BigInt(from + span),
      statistics: { s: { min, max } },
      counts: null,
      footerBytes: null,
      sha256: '',
      columns: [
        { name: 'time', duckdbType: 'TIMESTAMP WITH TIME ZONE' },
        { name: 's', duckdbType: 'VARCHAR' },
      ],
    }),
  );
const operator = fc.constantFrom('=', '<', '<=', '>', '>=');
const instant = fc
  .integer({ min: -4 * DAY_US, max: 6 * DAY_US })
  .map((us) => new Date(us / 1000).toISOString().replace('T', ' ').slice(0, 19));
const comparison = fc.oneof(
  fc.tuple(operator, texts).map(([op, text]) => `s ${op} ${quoteText(text)}`),
  fc.tuple(operator, instant).map(([op, text]) => `time ${op} '${text}'`),
  fc.tuple(operator, instant).map(([op, text]) => `time ${op} '${text.slice(0, 10)}'::timestamptz`),
  fc.tuple(operator, instant).map(([op, text]) => `time::date ${op} '${text.slice(0, 10)}'`),
);
const condition = fc
  .array(fc.array(comparison, { minLength: 1, maxLength: 3 }), { minLength: 1, maxLength: 2 })
  .map((any) => any.map((all) => `(${all.join(' and ')})`).join(' or '));

describe('segments that are ruled out without the engine', () => {
  test('are those that it would rule out', async () => {
    const schema = new Map([
      ['time', 'TIMESTAMP WITH TIME ZONE'],
      ['s', 'VARCHAR'],
    ]);
    const dataset = { name: 'd', timeColumn: { name: 'time' }, schemas: [] };
    let calls = 0;
    const counting = new Proxy(duckdb, {
      get(target, name) {
        calls += 1;
        const found = Reflect.get(target, name, target) as unknown;
        return typeof found === 'function' ? (found.bind(target) as unknown) : found;
      },
    });
    await fc.assert(
      fc.asyncProperty(condition, fc.array(segment, { maxLength: 8 }), async (where, all) => {
        const ast = await admitSelect(duckdb, `select 1 from d where ${where}`);
        const needs = findNeeds(ast, [{ name: 'd', columns: schema }]);
        const predicate = needs.datasets.get('d') ?? ANY;
        calls = 0;
        const hull = await findHull(counting, dataset, schema, predicate);
        const catalog = {
          datasets: [],
          emptyDatasets: [],
          listSegments: () => Promise.resolve(all),
        };
        const chosen = await chooseSegments(counting, catalog, {
          dataset,
          schema,
          predicate,
          hull,
        });
        expect(calls).toBe(0);
        const kept = await Promise.all(all.map((one) => mayMatch(where, one)));
        expect(chosen).toEqual(all.filter((_, index) => kept[index]));
      }),
      { numRuns: 300 },
    );
  });
});

/** Each comparison with its column replaced by what the segment says of its values, by the engine. */
async function mayMatch(where: string, { minTimeUs, maxTimeUs, statistics }: SegmentRef) {
  const bound = (column: string, end: 'min' | 'max'): string => {
    if (column === 's') {
      const text = statistics['s']?.[end] ?? null;
      return text === null ? 'null::varchar' : quoteText(text);
    }
    const time = `make_timestamptz(${String(end === 'min' ? minTimeUs : maxTimeUs)})`;
    return column === 'time' ? time : `${time}::date`;
  };
  const asked = where.replace(
    /\b(s|time|time::date) (=|<=|<|>=|>) ('(?:[^']|'')*'(?:::timestamptz)?)/g,
    (_, column: string, op: string, constant: string) => {
      const lower = (o: string) => `coalesce(${bound(column, 'min')} ${o} ${constant}, true)`;
      const upper = (o: string) => `coalesce(${bound(column, 'max')} ${o} ${constant}, true)`;
      if (op === '=') return `(${lower('<=')} and ${upper('>=')})`;
      return op.startsWith('<') ? lower(op) : upper(op);
    },
  );
  return (await read(`select ${asked}`))[0] === true;
}

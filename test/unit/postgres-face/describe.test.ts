/** What a client is told of a statement before it runs. */
import { describe, expect, test } from 'vitest';
import { classifyStatement } from '../../../src/faces/postgres/translate/classify-statement.ts';
import { loadParser } from '../../../src/faces/postgres/translate/parse-statements.ts';
import { SqlRefusal } from '../../../src/faces/postgres/translate/sql-refusal.ts';
import {
  type TranslateOptions,
  translate,
} from '../../../src/faces/postgres/translate/translate.ts';
import { catalogueOf } from '../../support/both-engines.ts';
import { TABLES } from '../../support/fragments-of-sql.ts';

const parser = await loadParser();
const catalogue = catalogueOf(TABLES);

function describeOf(sql: string, options: Partial<TranslateOptions> = {}) {
  const [statement] = parser.statements(sql);
  if (statement === undefined) throw new Error('no statement');
  const found = classifyStatement(statement, parser, () => true);
  if (found.kind !== 'select') throw new Error('no question');
  return translate(found.question, { catalogue, ...options });
}

const typesOf = (sql: string, oids?: readonly number[]) =>
  describeOf(sql, oids === undefined ? {} : { parameterOids: oids }).parameters.map(
    ({ type }) => type,
  );

describe('parameters without a type', () => {
  test.each([
    ['select * from md where symbol = $1 and volume > $2', ['text', 'int8']],
    ['select * from md where "timestamp" between $1 and $2', ['timestamptz', 'timestamptz']],
    ['select $1', ['text']],
    ['select $1::int + $2', ['int4', 'int4']],
    ['select close * $1 from md', ['numeric']],
    ['select * from md where symbol = any($1)', ['text[]']],
    ['select * from md where volume = any($1::int8[])', ['int8[]']],
    ['select * from md where volume in ($1, $2) limit $3', ['int8', 'int8', 'int8']],
    ['select * from md where symbol like $1 or symbol ~ $2', ['text', 'text']],
    ['select date_trunc($1, "timestamp") from md', ['text']],
    ["select * from types_t where at - $1 > interval '1 day'", ['timestamp']],
    [
      'select case when flag then $1 else 1.5 end, coalesce($2, name), nullif($3, id) from types_t',
      ['numeric', 'text', 'int4'],
    ],
    ['select "timestamp" + $1 from md', ['interval']],
    [
      'select * from types_t where key = $1 and "by" = $2 and real4 < $3 and flag = $4',
      ['uuid', 'bytea', 'float4', 'bool'],
    ],
  ])('%s', (sql, types) => {
    const found = describeOf(sql);
    expect(found.parameters.map(({ type }) => type)).toEqual(types);
    expect(found.isRunnable).toBe(false);
  });

  test('keep the type that the client names', () => {
    expect(typesOf('select * from md where volume > $1', [21])).toEqual(['int2']);
    expect(typesOf('select $1', [1184])).toEqual(['timestamptz']);
    expect(typesOf('select * from md where symbol = $1', [0])).toEqual(['text']);
  });

  test('with values make a statement that can be run, with the same columns', () => {
    const sql = 'select symbol, close * $1 as x from md where volume > $2 and symbol = any($3)';
    const open = describeOf(sql);
    const bound = describeOf(sql, { parameterValues: ['1.50', '7', '{S1,"it\'s"}'] });
    expect(bound.columns).toEqual(open.columns);
    expect(bound.parameters).toEqual(open.parameters);
    expect(bound.isRunnable).toBe(true);
    expect(bound.sql).not.toContain('$');
    expect(bound.sql).toContain("'it''s'");
  });
});

test('columns have the names, types and modifiers of PostgreSQL', () => {
  const { columns } = describeOf(
    `select count(*), avg(close), close, code, 1 + 1, 'x', x.y, now(), extract(year from "timestamp")
     from md, types_t, (select 1.5 as y) x group by close, code, x.y, "timestamp"`,
  );
  expect(columns.map(({ name, oid, typmod, isText }) => [name, oid, typmod, isText])).toEqual([
    ['count', 20, -1, false],
    ['avg', 1700, -1, true],
    ['close', 1700, ((12 << 16) | 4) + 4, false],
    ['code', 1043, 9, false],
    ['?column?', 23, -1, false],
    ['?column?', 25, -1, false],
    ['y', 1700, -1, false],
    ['now', 1184, -1, false],
    ['extract', 1700, -1, false],
  ]);
  const shown = describeOf('select loose, net, span, list, doc, tag from types_t').columns;
  expect(shown.map(({ oid, isText }) => [oid, isText])).toEqual([
    [1700, true],
    [869, true],
    [1186, true],
    [1007, false],
    [3802, false],
    [1042, false],
  ]);
});

test.each([
  ['power(', ', 2)', 'real8'],
  ['greatest(', ', 1.5)', 'price'],
  ['(', ')::numeric::float8', 'real8'],
  ['(', ' / id)', 'id'],
  ['(', ' / 3.0)', 'price'],
])(
  'what grows with each step is refused before it fills the memory: %s',
  (before, after, column) => {
    const sql = `select ${before.repeat(40)}${column}${after.repeat(40)} from types_t`;
    try {
      expect(describeOf(sql).sql.length).toBeLessThan(1 << 20);
    } catch (error) {
      expect(error).toMatchObject({ sqlstate: '54001' });
    }
  },
);

test('a refusal has the place of what is refused', () => {
  const sql = `select 'ä', nothing from md`;
  try {
    describeOf(sql);
    expect.unreachable();
  } catch (error) {
    if (!(error instanceof SqlRefusal)) throw error;
    expect(error.within(sql)).toMatchObject({ sqlstate: '42703', position: 13 });
  }
});

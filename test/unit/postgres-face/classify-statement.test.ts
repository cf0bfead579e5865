import { describe, expect, test } from 'vitest';
import { classifyStatement } from '../../../src/faces/postgres/translate/classify-statement.ts';
import { loadParser } from '../../../src/faces/postgres/translate/parse-statements.ts';
import { SqlRefusal } from '../../../src/faces/postgres/translate/sql-refusal.ts';

const parser = await loadParser();
const isDataset = (schema: string | null, name: string): boolean =>
  name === 'md' && [null, 'public'].includes(schema);

function kindsOf(sql: string) {
  return parser.statements(sql).map((each) => classifyStatement(each, parser, isDataset));
}

function refusalOf(sql: string): SqlRefusal {
  try {
    kindsOf(sql);
  } catch (error) {
    if (error instanceof SqlRefusal) return error.within(sql);
    throw error;
  }
  throw new Error(`not refused: ${sql}`);
}

describe('the statements of a text', () => {
  test('end where the parser says they do', () => {
    const sql = "select ';' -- ;\n; /* ; */ select $$;$$, \"é;\" ;; select 'ü'";
    expect(parser.statements(sql).map(({ text }) => text)).toEqual([
      "select ';' -- ;",
      'select $$;$$, "é;"',
      "select 'ü'",
    ]);
    expect(parser.statements(' -- nothing\n ; ')).toEqual([]);
    expect(parser.statements('')).toEqual([]);
  });

  test('are refused with the character where they are wrong', () => {
    const at = refusalOf("select '😀é' from where x");
    expect(at).toMatchObject({
      sqlstate: '42601',
      message: 'syntax error at or near "where"',
      position: 18,
    });
    expect(refusalOf('select 1; selec 2').position).toBe(11);
    for (const [part, rest] of [
      ['(', '1'],
      ['1+', '1'],
      ['not ', 'true'],
    ]) {
      const deep = `select ${String(part).repeat(50_000)}${String(rest)}`;
      expect(refusalOf(deep).sqlstate).toMatch(/^(54001|42601)$/);
      expect(kindsOf('select 1')).toHaveLength(1);
    }
  });
});

describe('a statement', () => {
  test.each([
    ['select * from md', 'rows', true],
    ['select * from public.md m join other c on true', 'rows', true],
    ['with pg_class as (select 1) select * from pg_class', 'values', false],
    ['select 1, now()', 'values', false],
    ['values (1), (2)', 'values', false],
    ['select pg_catalog.pg_advisory_unlock_all()', 'values', false],
    ["select set_config('jit', 'off', false)", 'catalogue', false],
    ["select time_bucket('1 day', now())", 'rows', false],
    ['select * from generate_series(1, 3)', 'rows', false],
    ['select * from nothing', 'rows', false],
    ['select version()', 'catalogue', false],
    ['select pg_catalog.version()', 'catalogue', false],
    ["select current_schema(), current_user, 'md'::regclass", 'catalogue', false],
    ['select relname from pg_class', 'catalogue', false],
    ['select * from information_schema.tables', 'catalogue', false],
    ["select to_regtype('hstore')", 'catalogue', false],
  ])('%s asks for %s', (sql, asks, readsDatasets) => {
    expect(kindsOf(sql)).toEqual([
      { kind: 'select', question: expect.objectContaining({ asks, readsDatasets, text: sql }) },
    ]);
  });

  test.each([
    ['begin', { kind: 'begin', isolation: null, readOnly: null }],
    [
      'START TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY',
      { kind: 'begin', isolation: 'repeatable read', readOnly: true },
    ],
    ['end', { kind: 'commit', andChain: false }],
    ['abort and chain', { kind: 'rollback', andChain: true }],
    ['ROLLBACK TO a', { kind: 'rollback to', name: 'a' }],
    ['release savepoint "A"', { kind: 'release', name: 'A' }],
    ["SET TimeZone = 'GMT'", { kind: 'set', name: 'timezone', value: 'GMT', isLocal: false }],
    [
      'set local search_path to a, b',
      { kind: 'set', name: 'search_path', value: 'a, b', isLocal: true },
    ],
    [
      'set extra_float_digits = 3',
      { kind: 'set', name: 'extra_float_digits', value: '3', isLocal: false },
    ],
    ['set time zone local', { kind: 'set', name: 'timezone', value: null, isLocal: false }],
    ["set transaction snapshot '1-2'", { kind: 'set transaction snapshot', snapshot: '1-2' }],
    [
      'set session characteristics as transaction read write',
      { kind: 'set session characteristics', isolation: null, readOnly: false },
    ],
    ['show all', { kind: 'show', name: 'all' }],
    ['show transaction isolation level', { kind: 'show', name: 'transaction_isolation' }],
    ['reset all', { kind: 'reset', name: null }],
    ['discard all', { kind: 'discard', what: 'all' }],
    ['deallocate all', { kind: 'deallocate', name: null }],
    ['unlisten *', { kind: 'unlisten' }],
    ['deallocate "x"', { kind: 'deallocate', name: 'x' }],
    ['close all', { kind: 'close', name: null }],
    [
      'fetch 100 from c1',
      { kind: 'fetch', name: 'c1', direction: 'forward', count: 100, isMove: false },
    ],
    [
      'move backward all in c',
      { kind: 'fetch', name: 'c', direction: 'backward', count: Infinity, isMove: true },
    ],
    ['fetch 0 c', { kind: 'fetch', name: 'c', direction: 'forward', count: 0, isMove: false }],
  ])('%s', (sql, kind) => {
    expect(kindsOf(sql)).toEqual([kind]);
  });

  test('that holds a question gives it with its own text', () => {
    const [declare] = kindsOf(
      'DECLARE "for" BINARY NO SCROLL CURSOR WITH HOLD FOR select \'é\' from md',
    );
    expect(declare).toMatchObject({
      kind: 'declare',
      name: 'for',
      isBinary: true,
      canScroll: false,
      withHold: true,
      question: { text: "select 'é' from md", readsDatasets: true },
    });
    const [copy] = kindsOf(
      "copy (select (1) from md) to stdout (format csv, header, null 'x', force_quote (a, b))",
    );
    expect(copy).toMatchObject({ kind: 'copy', question: { text: 'select (1) from md' } });
    expect(copy?.kind === 'copy' ? [...copy.options] : []).toEqual([
      ['format', 'csv'],
      ['header', 'true'],
      ['null', 'x'],
      ['force_quote', ['a', 'b']],
    ]);
    expect(kindsOf('copy md (a) to stdout')).toMatchObject([
      { kind: 'copy', question: { readsDatasets: true } },
    ]);
    expect(kindsOf('explain (analyze, costs off) select 1')).toMatchObject([
      { kind: 'explain', question: { text: 'select 1' } },
    ]);
    expect(kindsOf('declare c cursor for select oid from pg_type')).toMatchObject([
      { kind: 'declare', question: { asks: 'catalogue', text: 'select oid from pg_type' } },
    ]);
  });

  test.each([
    ['insert into md values (1)', '25006', 'INSERT'],
    ['with gone as (delete from md returning *) select * from gone', '25006', 'DELETE'],
    ['create table x as select 1', '25006', 'CREATE TABLE AS'],
    ['select 1 into x', '25006', 'SELECT INTO'],
    ['select * from md for update', '25006', 'SELECT FOR UPDATE'],
    ['explain analyze update md set a = 1', '25006', 'UPDATE'],
    ['copy md from stdin', '25006', 'COPY FROM'],
    ['truncate md', '25006', 'TRUNCATE TABLE'],
    ['create publication p', '25006', 'CREATE PUBLICATION'],
    ["copy (select 1) to '/tmp/x'", '0A000', 'COPY to a file'],
    ['listen x', '0A000', 'LISTEN'],
    ['prepare a as select 1', '0A000', 'PREPARE'],
    ['select pg_sleep(1)', '0A000', 'pg_sleep'],
    ['select pg_terminate_backend(pid) from pg_stat_activity', '0A000', 'pg_terminate_backend'],
    ['select * from md, pg_class', '0A000', 'a question of datasets and of the catalogue in one'],
  ])('%s is refused with %s', (sql, sqlstate, words) => {
    expect(refusalOf(sql)).toMatchObject({ sqlstate, message: expect.stringContaining(words) });
  });
});

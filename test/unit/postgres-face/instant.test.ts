/** Questions that come through a foreign table: at which snapshot they are read, and what their texts are put in order by. */
import { describe, expect, test } from 'vitest';
import { AS_OF } from '../../../src/domain/attached.ts';
import type { Catalogue } from '../../../src/faces/postgres/translate/catalogue.ts';
import { classifyStatement } from '../../../src/faces/postgres/translate/classify-statement.ts';
import { instantIn } from '../../../src/faces/postgres/translate/instant.ts';
import { loadParser } from '../../../src/faces/postgres/translate/parse-statements.ts';
import type { Question } from '../../../src/faces/postgres/translate/statement-kinds.ts';
import { translate } from '../../../src/faces/postgres/translate/translate.ts';

const parser = await loadParser();
const SNAPSHOT = '00000003-0000001B-1';

function questionOf(sql: string): Question {
  const [statement] = parser.statements(sql);
  if (statement === undefined) throw new Error('no statement');
  const found = classifyStatement(statement, parser, () => true);
  if (!('question' in found)) throw new Error('no question');
  return found.question;
}

const columns = [
  { name: 'n', postgresType: 'integer', duckdbType: 'INTEGER' },
  { name: 'name', postgresType: 'text', duckdbType: 'VARCHAR' },
];

function catalogue(more: Partial<Catalogue>, instant: string | null = SNAPSHOT): Catalogue {
  return {
    searchPath: ['public'],
    relations: [
      { schema: 'attached', name: 't', sql: 'cold.t', columns, instant },
      { schema: 'cold', name: 't', sql: 'cold.t', columns },
    ],
    ...more,
  };
}

const sqlOf = (sql: string, more: Partial<Catalogue> = {}, instant?: string | null): string =>
  translate(questionOf(sql), { catalogue: catalogue(more, instant) }).sql;

describe('the snapshot of a question', () => {
  const instantOf = (sql: string, ...values: (string | null)[]) =>
    instantIn(questionOf(sql).tree, values);

  test.each([
    `select n from attached.t where ((tierd_as_of = $1::text))`,
    `select n from attached.t where n = 3 and ($1 = tierd_as_of)`,
    `select count(*) from attached.t r1 inner join attached.t r2 on (((r1.n = r2.n)) and ((r1.tierd_as_of = $1::text))) where ((r2.tierd_as_of = $1::text))`,
    `select n from attached.t where tierd_as_of = '${SNAPSHOT}'`,
    `declare c1 cursor for select n from attached.t where ((tierd_as_of = $1::text))`,
  ])('is what tierd_as_of is compared with: %s', (sql) => {
    expect(instantOf(sql, SNAPSHOT)).toBe(SNAPSHOT);
  });

  test('is its own where none is named', () => {
    expect(instantOf('select n from attached.t where n = $1', SNAPSHOT)).toBeNull();
    expect(instantOf('select n from attached.t where tierd_as_of = $1', null)).toBeNull();
  });

  test('is one', () => {
    const two =
      'select 1 from attached.t a, attached.t b where a.tierd_as_of = $1 and b.tierd_as_of = $2';
    expect(instantOf(two, SNAPSHOT, SNAPSHOT)).toBe(SNAPSHOT);
    expect(() => instantOf(two, SNAPSHOT, '00000003-0000001C-1')).toThrow('several snapshots');
  });

  test.each([`x'; select 1`, '', '../../etc/passwd', '00000003-0000001B'])(
    'is no other text: %s',
    (text) => {
      expect(() => instantOf('select n from attached.t where tierd_as_of = $1', text)).toThrow(
        'invalid snapshot identifier',
      );
    },
  );
});

describe('tierd_as_of', () => {
  test('is a column that * leaves out', () => {
    expect(sqlOf('select * from attached.t')).not.toContain(SNAPSHOT);
    expect(sqlOf('select t.* from attached.t')).not.toContain(SNAPSHOT);
    expect(sqlOf('select a.n from attached.t a natural join attached.t b')).not.toContain(SNAPSHOT);
    expect(sqlOf(`select n, ${AS_OF} from attached.t`)).toContain(`'${SNAPSHOT}'`);
    expect(sqlOf(`select ${AS_OF} from attached.t`, {}, null)).toContain('NULL');
  });

  test('is there for foreign tables alone', () => {
    expect(() => sqlOf(`select ${AS_OF} from cold.t`)).toThrow('does not exist');
  });
});

describe('the order of texts', () => {
  const asked = [
    `select n from attached.t where name < 'b'`,
    `select n from attached.t where name between 'a' and 'c'`,
    'select n from attached.t order by name',
    'select max(name) from attached.t',
    `select greatest(name, 'b') from attached.t`,
  ];

  test.each(asked)('is refused where a collation has another: %s', (sql) => {
    expect(() => sqlOf(sql, { isCollated: true })).toThrow('the order of texts');
    expect(() => sqlOf(sql)).not.toThrow();
  });

  test.each([
    `select n from attached.t where name = 'b' or name <> 'c' or name in ('a', 'b')`,
    'select name, count(*) from attached.t group by name',
    'select n from attached.t where n < 3 order by n',
    `select n from attached.t where name like 'a%'`,
  ])('is not asked for by what does not need it: %s', (sql) => {
    expect(() => sqlOf(sql, { isCollated: true })).not.toThrow();
  });
});

import { beforeAll, expect, it } from 'vitest';
import { planColumns } from '../../../src/domain/columns/plan-columns.ts';
import { BUILT_IN_TYPES } from '../../../src/domain/columns/type-table.ts';
import { describeTable } from '../../../src/hot/table/introspect.ts';
import { inTransaction } from '../../../src/hot/transaction.ts';
import { createTestDatabase, type TestDatabase } from '../../support/database.ts';

let database: TestDatabase;

beforeAll(async () => {
  database = await createTestDatabase();
});

it('I6: every built-in type of this PostgreSQL has a row in the type table', async () => {
  const { rows } = await database.query(
    `select typname from pg_type t
     where oid < 16384 and typtype in ('b', 'r', 'm') and typnamespace = 'pg_catalog'::regnamespace
       and not exists (select from pg_type element where element.typarray = t.oid)`,
  );
  const names = rows.map((row: { typname: string }) => row.typname);
  expect(names.length).toBeGreaterThan(70);
  expect(names.filter((name) => !(name in BUILT_IN_TYPES))).toEqual([]);
});

it('I6: every type of the table that can be held is planned as it says, by what the catalogue says of a real column', async () => {
  const names = Object.keys(BUILT_IN_TYPES);
  const known = await database.query(`select typname from pg_type where typname = any($1)`, [
    names,
  ]);
  const columns = known.rows
    .map((row: { typname: string }) => row.typname)
    // No table can have a column of these.
    .filter((name) => !name.startsWith('pg_brin') && !['gtsvector'].includes(name));
  await database.query(
    `create table every_type (at timestamptz, ${columns.map((name) => `"c_${name}" pg_catalog."${name}"`).join(', ')})`,
  );
  const client = await database.connect();
  const doing = { doing: 'testing', isolation: 'read committed', readOnly: true } as const;
  const described = await inTransaction(client, doing, () =>
    describeTable(client, { schema: 'public', name: 'every_type' }, 'at'),
  );
  const { columns: plans, refusals } = planColumns(described.columns, {});
  const found = Object.fromEntries([
    ...plans.map(({ name, held }) => [name.slice(2), held.kind === 'text' ? 'text' : 'native']),
    ...refusals.map(({ column }) => [column.slice(2), 'refused']),
  ]) as Record<string, string>;
  for (const name of columns) {
    const rule = BUILT_IN_TYPES[name]!;
    // Without a precision it is text.
    expect(`${name}: ${found[name] ?? 'lost'}`).toBe(
      `${name}: ${rule.held === 'numeric' ? 'text' : rule.held}`,
    );
  }
});

/** Tables that inherit from a dataset's table: their rows are its rows, and what they have beside these is not. */
import { beforeAll, describe, expect, it } from 'vitest';
import { runInside } from '../../support/cli.ts';
import { directoryWith } from '../../support/config-file.ts';
import { createTestDatabase, type TestDatabase } from '../../support/database.ts';

let database: TestDatabase;

beforeAll(async () => {
  database = await createTestDatabase();
});

type Tierd = (...argv: string[]) => ReturnType<typeof runInside>;

async function tierdOn(...tables: readonly string[]): Promise<Tierd> {
  const datasets = tables.map((table) => `  ${table}: { time_column: ts }`).join('\n');
  const directory = directoryWith({
    'tierd.yaml': `
postgres: { url: "${database.url}" }
lake: { type: local, path: ./lake, min_free: 0MB }
storage: { lifecycle: { guards: { max_share: 1 } } }
datasets:
${datasets}`,
  });
  const tierd: Tierd = (...argv) =>
    runInside(['--config', `${directory}/tierd.yaml`, ...argv], { clock: Date });
  // Each test has a lake of its own.
  await database.query('drop schema if exists tierd cascade');
  expect(await tierd('migrate')).toMatchObject({ exitCode: 0 });
  return tierd;
}

const OLD = `date_trunc('day', now(), 'UTC') - interval '40 days'`;

const counted = async (table: string): Promise<unknown> =>
  (await database.query(`select count(*)::int as n from ${table}`)).rows[0]?.n;

describe('a rotation of a table that others inherit from', () => {
  it('I1: is refused where one has columns of its own, whose values would be nowhere', async () => {
    await database.query(`
      create table plain_parent (ts timestamptz not null, v int);
      create table middle () inherits (plain_parent);
      create table richer (note text) inherits (middle);
      insert into richer select ${OLD}, 1, 'kept'`);
    const tierd = await tierdOn('plain_parent');
    for (const argv of [['rotate', '--force'], ['rotate', '--dry-run'], ['doctor']]) {
      const { exitCode, stdout, stderr } = await tierd(...argv);
      if (argv[1] !== '--dry-run') expect(exitCode, argv.join(' ')).not.toBe(0);
      expect(stdout + stderr, argv.join(' ')).toMatch(
        /public\.richer inherits from public\.plain_parent and has columns of its own \(note\)/,
      );
    }
    expect(await counted('richer')).toBe(1);
  });

  it('I1: is refused where deleting a row of one deletes rows of another table', async () => {
    await database.query(`
      create table owners (id int primary key, ts timestamptz not null);
      create table heirs (primary key (id)) inherits (owners);
      create table belongings (heir int references heirs on delete cascade);
      insert into heirs select 1, ${OLD};
      insert into belongings values (1)`);
    const { exitCode, stderr } = await (await tierdOn('owners'))('rotate', '--force');
    expect(exitCode).not.toBe(0);
    expect(stderr).toContain('public.belongings refers to public.heirs with ON DELETE CASCADE');
    expect(await counted('belongings')).toBe(1);
  });

  it('keeps hot what is referred to in one of them, and not the row with the same key beside it', async () => {
    await database.query(`
      create table people (id int primary key, ts timestamptz not null);
      create table children (primary key (id)) inherits (people);
      create table toys (child int references children);
      insert into people select 1, ${OLD} - interval '1 day';
      insert into children select 1, ${OLD};
      insert into toys values (1)`);
    const { stdout } = await (await tierdOn('people'))('rotate', '--force');
    expect(stdout).toContain('public.toys refers to 1 row of');
    expect(await counted('only people')).toBe(0);
    expect(await counted('children')).toBe(1);
  });

  it('takes no two rows for one by a key that each table has for itself', async () => {
    await database.query(`
      create table keyed (id int primary key, ts timestamptz not null, v text);
      create table keyed_too (primary key (id)) inherits (keyed);
      insert into keyed select n, ${OLD}, 'own' from generate_series(1, 3) n;
      insert into keyed_too select n, ${OLD}, 'inherited' from generate_series(1, 3) n`);
    const tierd = await tierdOn('keyed');
    const count = ['query', '--format', 'json', 'select count(*)::int as n from keyed'];
    expect(await tierd('rotate')).toMatchObject({ exitCode: 0 });
    expect(JSON.parse((await tierd(...count)).stdout)).toMatchObject([{ n: 6 }]);
    await database.query(`insert into keyed_too select 1, ${OLD}, 'late'`);
    expect(JSON.parse((await tierd(...count)).stdout)).toMatchObject([{ n: 7 }]);

    const { stderr, exitCode } = await tierd('rotate');
    expect(exitCode).toBe(0);
    expect(stderr).toContain('no unique key holds for public.keyed_too as well');
    expect(JSON.parse((await tierd(...count)).stdout)).toMatchObject([{ n: 7 }]);
  });
});

/** `tierd attach` by a role that is no superuser: what it is told that it lacks, and that it needs no more. */
import { beforeAll, beforeEach, expect, it } from 'vitest';
import { systemClock } from '../../../src/domain/time/clock.ts';
import { runInside } from '../../support/cli.ts';
import { directoryWith } from '../../support/config-file.ts';
import { createTestDatabase, type TestDatabase } from '../../support/database.ts';
import { freePort } from '../../support/server-process.ts';

let database: TestDatabase;
let workingDirectory: string;

const PASSWORD = 'a-password-of-some-length';

beforeAll(async () => {
  database = await createTestDatabase();
  await database.query(`
    do $$ begin create role attach_owner login; exception when duplicate_object then null; end $$;
    create table ticks (ts timestamptz not null, id int);
    insert into ticks values (now(), 1), (now(), 2);
    grant select, insert, delete on ticks to attach_owner;
    create schema tierd authorization attach_owner`);
});

beforeEach(async () => {
  const url = new URL(database.url);
  url.username = 'attach_owner';
  workingDirectory = directoryWith({
    'unified_config.yaml': `
postgres: { url: "${url.href}" }
lake: { type: local, path: lake }
server: { postgres: { port: ${String(await freePort())}, users: { pg: { password: ${PASSWORD} } } } }
datasets: { ticks: { time_column: ts } }
`,
  });
  const { exitCode, stderr } = await tierd('migrate');
  expect(exitCode, stderr).toBe(0);
});

const tierd = (...argv: readonly string[]) =>
  runInside(argv, { workingDirectory, clock: systemClock });

it('says what a superuser has to run before', async () => {
  const first = await tierd('attach');
  expect(first.exitCode).toBe(3);
  expect(first.stderr).toContain('create the extension postgres_fdw');
  await database.query('create extension postgres_fdw');
  const second = await tierd('attach');
  expect(second.exitCode).toBe(3);
  expect(second.stderr).toContain(
    'grant usage on foreign data wrapper postgres_fdw to "attach_owner"',
  );
  await database.query('grant usage on foreign data wrapper postgres_fdw to attach_owner');
  const third = await tierd('attach');
  expect(third.exitCode).toBe(3);
  expect(third.stderr).toContain('create schema "attached" authorization "attach_owner"');
  await database.query('create schema attached authorization attach_owner');
});

it('needs no more, and no daemon for hot times', async () => {
  const made = await tierd('attach');
  expect(made, made.stderr).toMatchObject({
    exitCode: 0,
    stdout: 'attached ticks as attached.ticks\n',
  });
  expect(made.stderr).toContain('no statistics of');
  const db = await database.connect();
  await db.query('set role attach_owner');
  const recent = `select count(*)::int as n from attached.ticks where ts > now() - interval '1 day'`;
  expect((await db.query(recent)).rows).toEqual([{ n: 2 }]);
  const mapping = 'select umoptions from pg_user_mappings';
  expect((await db.query(mapping)).rows).toEqual([
    { umoptions: ['user=pg', `password=${PASSWORD}`] },
  ]);
  await db.end();
  const gone = await tierd('detach');
  expect(gone, gone.stderr).toMatchObject({ exitCode: 0 });
});

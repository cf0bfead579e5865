/** `tierd query` as it is typed: where its text comes from, its values, and what it would read. */
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../../src/domain/time/clock.ts';
import { type CliResult, runInside } from '../../support/cli.ts';
import { directoryWith } from '../../support/config-file.ts';
import { createTestDatabase, type TestDatabase } from '../../support/database.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
  await database.query('create table ticks (ts timestamptz not null, id int, note text)');
  await database.query(
    `insert into ticks select now() - interval '1 day', n, case when n = 2 then null else 'n' || n end
     from generate_series(1, 3) n`,
  );
  expect(await tierd(['migrate'])).toMatchObject({ exitCode: 0 });
});

function tierd(
  argv: readonly string[],
  more: { readonly stdin?: string; readonly columns?: number } = {},
): Promise<CliResult> {
  const workingDirectory = directoryWith({
    'unified_config.yaml': `
postgres: { url: "${database.url}" }
lake: { type: local, path: ${JSON.stringify(join(tmpdir(), `${database.name}-lake`))} }
datasets: { ticks: { time_column: ts } }
`,
    'report.sql': '-- how many\nselect count(*) as n\nfrom ticks where id > $1;\n',
    'latin.sql': new Uint8Array([0x73, 0xe9]),
  });
  return runInside(argv, { workingDirectory, clock: systemClock, ...more });
}

const query = (...argv: readonly string[]): string[] => ['query', '--format', 'csv', ...argv];

describe('the text of a query', () => {
  it('comes from a file', async () => {
    const { exitCode, stdout, stderr } = await tierd(query('-f', 'report.sql', '-p', '1'));
    expect(exitCode, stderr).toBe(0);
    expect(stdout).toBe('n\r\n2\r\n');
  });

  it.each([[['-f', '-']], [['-']], [[]]])('comes from standard input with %j', async (argv) => {
    const stdin = 'select max(id) as n from ticks';
    const { exitCode, stdout, stderr } = await tierd(query(...argv), { stdin });
    expect(exitCode, stderr).toBe(0);
    expect(stdout).toBe('n\r\n3\r\n');
  });

  it.each<[string, readonly string[], { readonly stdin?: string; readonly columns?: number }]>([
    ['is no query', ['query'], { columns: 80 }],
    ['contradict each other', ['query', '-', '-f', 'report.sql'], {}],
    ['contradict each other', ['query', 'select 1', '-f', 'report.sql'], {}],
    ["can't be read (ENOENT)", ['query', '-f', 'nowhere.sql'], {}],
    ["can't be read (EISDIR)", ['query', '-f', '.'], {}],
    ['not UTF-8', ['query', '-f', 'latin.sql'], {}],
    ['longer than 1MB', ['query'], { stdin: ' '.repeat(1024 ** 2 + 1) }],
    ['query is empty', ['query'], { stdin: ' -- nothing\n' }],
  ])('is missed in words: %s', async (told, argv, more) => {
    const { exitCode, stderr } = await tierd(argv, more);
    expect(exitCode).toBe(2);
    expect(stderr).toContain(told);
    expect(stderr).not.toMatch(/\n\s+at /);
  });
});

it('a value is a text or NULL', async () => {
  const sql = 'select $1 is null as a, $2 as b, $3 as c from ticks limit 1';
  const { stdout, stderr } = await tierd(query(sql, '-p', '\\N', '-p', '\\\\N', '-p', 'NULL'));
  expect(stdout, stderr).toBe('a,b,c\r\ntrue,\\N,NULL\r\n');
});

it('what would be read is told to a person and to a program', async () => {
  const argv = ['query', '--explain', 'select note from ticks where id = $1', '-p', '2'];
  const { exitCode, stdout } = await tierd(argv);
  expect(exitCode).toBe(0);
  expect(stdout).toContain('hot   public.ticks: about');
  expect(stdout).toContain(`where "id" = '2'::bigint`);
  expect(stdout).toContain('nothing was read');
  const { stdout: document } = await tierd(['--json', ...argv]);
  expect(JSON.parse(document)).toMatchObject({
    datasets: [{ dataset: 'ticks', cold: { read: 0 }, hot: { table: 'public.ticks' } }],
  });
  expect(await tierd([...argv, '--format', 'csv'])).toMatchObject({ exitCode: 2 });
});

it('names of the configuration can be listed for a shell', async () => {
  expect((await tierd(['config', 'datasets'])).stdout).toBe('ticks\n');
  expect((await tierd(['config', 'jobs'])).stdout).toContain('rotate\n');
  expect(await tierd(['config', 'sources'])).toMatchObject({ exitCode: 0, stdout: '' });
});

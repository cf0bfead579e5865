/** `tierd query -i`: at a real terminal, and with what is piped in. */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { runTierd, TIERD } from '../support/cli.ts';
import { directoryWith } from '../support/config-file.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import {
  CTRL_C,
  CTRL_D,
  openTerminal,
  TAB,
  type Terminal,
  UP,
} from '../support/pseudo-terminal.ts';
import { makeWorkspace, type Workspace } from '../support/workspace.ts';

const ENDLESS =
  'select count(*) from range(1000000) a(i), range(1000000) b(j) where hash(i+j) = 0;';

let database: TestDatabase;

beforeAll(async () => {
  database = await createTestDatabase();
  await database.query('create table ticks (ts timestamptz not null, id int not null, note text)');
  await database.query(
    `insert into ticks select now() - n * interval '1 minute', n, 'n' || n from generate_series(1, 3) n`,
  );
  await database.query('create table news (at timestamptz not null, headline text)');
});

async function fresh(): Promise<Workspace> {
  const workspace = makeWorkspace(
    database,
    '  ticks: { time_column: ts }\n  news: { time_column: at }',
  );
  expect(await workspace.tierd('migrate')).toMatchObject({ exitCode: 0 });
  return workspace;
}

describe('at a terminal', () => {
  async function open(): Promise<
    Terminal & { readonly state: string; readonly workspace: Workspace }
  > {
    const workspace = await fresh();
    const state = directoryWith({});
    const terminal = openTerminal([process.execPath, TIERD, 'query', '-i'], workspace.directory, {
      XDG_STATE_HOME: state,
    });
    await terminal.sees('2 datasets. End a query with ; and see \\? for help.\ntierd> ');
    return { ...terminal, state, workspace };
  }

  it('answers a query over several lines, and remembers it as one', async () => {
    const { type, sees, ended, state, workspace } = await open();
    type('select max(id) as n -- the newest\n');
    await sees('    -> ');
    type("from ticks where note <> 'a;\n");
    await sees("    '> ");
    type("b';\n");
    await sees(/n\n─\n3\n1 row\n/);
    type('select count(*) as n\n from ticks; select 7 as seven;\n');
    await sees(/n\n─\n3\n1 row\n/);
    await sees(/seven\n─────\n {4}7\n1 row\n/);
    // A blank at its beginning: not to be remembered.
    type(' select 8 as secret;\n');
    await sees('1 row\n');
    type(UP);
    await sees('select 7 as seven;');
    type(`${UP}\n`);
    await sees(/n\n─\n3\n1 row\n/);
    type('\\q\n');
    expect(await ended).toBe(0);
    const file = join(state, 'tierd', 'query-history');
    expect(readFileSync(file, 'utf8').split('\n')).toEqual([
      'select count(*) as n from ticks;',
      'select 7 as seven;',
      'select count(*) as n from ticks;',
      '\\q',
      '',
    ]);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(readdirSync(workspace.spill)).toEqual([]);
  });

  it('shows datasets and columns, rows as lines, other formats, times and the snapshot', async () => {
    const { type, sees, ended } = await open();
    type('\\d\n');
    await sees(/ticks +public\.ticks +ts\n/);
    type('\\d ticks\n');
    await sees(/note +VARCHAR/);
    await sees('tierd> ');
    type('\\x\n');
    await sees('Rows are printed as expanded.');
    type('select id, note from ticks where id = 2;\n');
    await sees(/─ row 1 ─+\nid {4}2\nnote {2}n2\n/);
    type('\\x\n\\f csv\n\\timing\n');
    await sees('Rows are printed as table.');
    await sees('the snapshot are told.');
    type('select id from ticks where id = 2;\n');
    await sees(/id\n2\n1 row in .* read at version \d+\.\d+/);
    type('\\timming\n');
    await sees('did you mean \\timing?');
    type('\\?\n');
    await sees('the columns of one');
    type(CTRL_D);
    expect(await ended).toBe(0);
  });

  it('completes datasets, columns and words', async () => {
    const { type, sees, ended } = await open();
    type(`sel${TAB}`);
    await sees('select');
    type(` * from ti${TAB}`);
    await sees('ticks');
    type(` k where k.no${TAB}`);
    await sees('k.note');
    type(` = 'n3';\n`);
    await sees(/3 +n3\n1 row/);
    type(`\\d n${TAB}`);
    await sees('news');
    type('\n');
    await sees('headline');
    type(CTRL_D);
    expect(await ended).toBe(0);
  });

  it('ends a query that runs with Ctrl-C, forgets what was begun, and goes on after every error', async () => {
    const { type, sees, ended, workspace } = await open();
    type(`${ENDLESS}\n`);
    await expect.poll(() => readdirSync(workspace.spill).length).toBe(1);
    type('lost with it');
    type(CTRL_C);
    await sees('The query was interrupted.');
    await sees('tierd> ');
    type('select broken');
    await sees('select broken');
    type(CTRL_C);
    await sees('^C');
    await sees('tierd> ');
    type("select 'begun\n");
    await sees("    '> ");
    type(CTRL_C);
    await sees('tierd> ');
    for (const [sql, told] of [
      ['select * from nowhere;', 'QUERY_INVALID'],
      ['drop table ticks;', 'QUERY_NOT_ALLOWED'],
      ["select repeat('x', 3000000000);", /QUERY_\w+/],
    ] as const) {
      type(`${sql}\n`);
      await sees(told);
      await sees('tierd> ');
    }
    type('select 4 as four;\n');
    await sees(/four\n────\n {3}4\n1 row\n/);
    await expect.poll(() => readdirSync(workspace.spill)).toEqual([]);
    // At the end of a line that is begun it deletes, as everywhere.
    type(CTRL_D);
    expect(await ended).toBe(0);
  });

  it('keeps what is typed while a query runs until it has ended', async () => {
    const { type, sees, shown, ended, workspace } = await open();
    type('select count(*) as slow from range(40000) a, range(40000) b;\n');
    await expect.poll(() => readdirSync(workspace.spill).length).toBe(1);
    type('select 5 as typed_ahead;\n');
    await sees(/slow\n─+\n1600000000\n1 row\n/);
    await sees(/typed_ahead\n─+\n +5\n1 row\n/);
    expect(shown()).not.toMatch(/typed_ahead[^─]*slow\n─/);
    type('\\q\n');
    expect(await ended).toBe(0);
  });

  it('leaves nothing behind when the terminal goes away', async () => {
    const { type, sees, ended, hangUp, workspace } = await open();
    type(`${ENDLESS}\n`);
    await expect.poll(() => readdirSync(workspace.spill).length).toBe(1);
    await sees('= 0;\n');
    hangUp();
    await ended;
    // Where its query had not yet begun, the first one after the shell is gone removes what was made for it.
    const afterNext = async (): Promise<string[]> => {
      expect(await workspace.tierd('query', 'select 1')).toMatchObject({ exitCode: 0 });
      return readdirSync(workspace.spill);
    };
    await expect.poll(afterNext).toEqual([]);
  });
});

describe('with what is piped in', () => {
  it('runs each statement, also one without an end, and keeps no history', async () => {
    const { directory } = await fresh();
    const state = directoryWith({});
    const { exitCode, stdout, stderr } = await runTierd(['query', '-i', '-F', 'csv', '-q'], {
      workingDirectory: directory,
      stdin: 'select 1 as a;\n\\f ndjson\nselect id from ticks\norder by id; select 2 as b',
      env: { XDG_STATE_HOME: state },
    });
    expect({ exitCode, stdout }, stderr).toEqual({
      exitCode: 0,
      stdout: 'a\r\n1\r\n{"id":1}\n{"id":2}\n{"id":3}\n{"b":2}\n',
    });
    expect(stderr).toBe('Rows are printed as ndjson.\n');
    expect(existsSync(join(state, 'tierd'))).toBe(false);
  });

  it('goes on after an error, and tells of it by its exit code', async () => {
    const { directory } = await fresh();
    const { exitCode, stdout, stderr } = await runTierd(['query', '-i', '-F', 'csv'], {
      workingDirectory: directory,
      stdin: 'select nothing_there from ticks;\nselect 1 as a;\n',
    });
    expect({ exitCode, stdout }, stderr).toEqual({ exitCode: 1, stdout: 'a\r\n1\r\n' });
    expect(stderr).toContain('QUERY_INVALID');
  });

  it.each([
    ['a query on the command line', ['select 1']],
    ['--json', ['--json']],
    ['--format parquet', ['-F', 'parquet']],
    ['--format arrow', ['-F', 'arrow']],
    ['--file', ['-f', 'x.sql']],
  ])('contradicts %s', async (_, argv) => {
    const { directory } = await fresh();
    const { exitCode, stdout, stderr } = await runTierd(['query', '-i', ...argv], {
      workingDirectory: directory,
      stdin: '',
    });
    expect(exitCode).toBe(2);
    expect(`${stdout}${stderr}`).toMatch(/contradict|conflict|cannot be used/);
  });
});

import { PassThrough } from 'node:stream';
import type { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { createProgram } from '../../../src/cli/program.ts';
import { runInside } from '../../support/cli.ts';
import { directoryWith } from '../../support/config-file.ts';

const CONFIG = `
postgres: { url: "postgres://u:hunter2@127.0.0.1:1/d" }
lake: { type: local, path: lake }
datasets: { news: { time_column: t }, ticks: { time_column: t } }
`;

/** Every command of the tree but commander's own `help`. */
function commandPaths(): string[][] {
  const io = {
    argv: [],
    env: {},
    workingDirectory: '/',
    stdin: new PassThrough(),
    stdout: new PassThrough(),
    stderr: new PassThrough(),
    clock: { now: () => 0 },
    signal: new AbortController().signal,
  };
  const walk = (command: Command, path: readonly string[]): string[][] => [
    [...path],
    ...command.commands.flatMap((child) => walk(child, [...path, child.name()])),
  ];
  return walk(createProgram(io).program, []);
}

/** The words behind `tierd` of each example, without what the shell takes for itself. */
function examplesOf(help: string): string[][] {
  const lines = help.split('\n').filter((line) => line.startsWith('  $ '));
  return lines.map((line) => {
    const tail = line.replace(/^.*?\btierd /, '').replace(/\)?\s+#.*$/, '');
    const words = tail.replace(/ > .*$/, '').matchAll(/"([^"]*)"|(\S+)/g);
    return [...words].map(([, quoted, bare]) => quoted ?? bare ?? '');
  });
}

describe('a command line with mistakes', () => {
  it.each<[string, string[]]>([
    ['rotat', ['rotat\n    unknown command', 'tierd --help']],
    ['confg check', ['confg\n    unknown command; did you mean config?']],
    ['config chek', ['chek\n    unknown command; did you mean check?', 'tierd config --help']],
    ['config check --jsn', ['--jsn\n    unknown option; did you mean --json?']],
    ['--jsn config check', ['--jsn\n    unknown option; did you mean --json?']],
    ['config check --bogus=5', ['--bogus\n    unknown option\n']],
    ['config check --quiet=yes', ['--quiet\n    takes no value\n    found     "yes"']],
    ['config check -x', ['-x\n    unknown option\n']],
    ['config check extra', ['extra\n    too much for `tierd config check`']],
    [
      'config check --log-level loud',
      ['--log-level\n    found     "loud"\n    expected  one of debug, info'],
    ],
    ['config check --log-level', ['--log-level\n    needs a value: --log-level <level>']],
    ['config check --config', ['--config\n    needs a value: -c, --config <file>']],
    [
      'completion',
      ['<shell>\n    missing\n    expected  one of bash, zsh, fish', 'tierd completion --help'],
    ],
    ['completion tcsh', ['<shell>\n    found     "tcsh"\n    expected  one of bash, zsh, fish']],
    ['migrate down', ['<action>\n    found     "down"\n    expected  one of up, status']],
    ['config check --quiet --verbose', ['cannot be used with']],
    ['--bogus', ['--bogus\n    unknown option']],
    [
      'migrate down --bogus --log-level loud --jsn',
      [
        'has 4 problems',
        '<action>',
        '--bogus',
        '--log-level',
        '--jsn\n    unknown option; did you mean --json?',
      ],
    ],
  ])('tierd %s', async (line, expected) => {
    const { exitCode, stdout, stderr } = await runInside(line.split(' '));
    expect(exitCode).toBe(2);
    expect(stdout).toBe('');
    for (const text of expected) expect(stderr).toContain(text);
    expect(stderr).toContain('USAGE, exit 2');
    expect(stderr).not.toMatch(/\n\s+at /);
  });

  it('does not take SQL that begins with a comment for an option', async () => {
    const { stderr } = await runInside(['completion', '-- all of it\nselect 1']);
    expect(stderr).toContain('<shell>\n    found     "-- all of it');
    expect(stderr).not.toContain('unknown option');
  });

  it('is one JSON document with --json', async () => {
    const { exitCode, stdout, stderr } = await runInside(['config', 'check', '--json', '--bogus']);
    expect(exitCode).toBe(2);
    expect(stderr).toBe('');
    expect(JSON.parse(stdout)).toEqual({
      error: {
        code: 'USAGE',
        message: 'The command line has a problem; nothing was done.',
        hint: 'See `tierd config check --help`.',
        retry: false,
        exitCode: 2,
        context: { problems: [{ where: '--bogus', message: 'unknown option' }] },
      },
    });
  });

  it.each([[[]], [['config']]])('that names no verb gets the list of them: %s', async (argv) => {
    const { exitCode, stdout, stderr } = await runInside(argv);
    expect(exitCode).toBe(2);
    expect(stdout).toBe('');
    expect(stderr).toContain('Commands:');
  });
});

describe('help', () => {
  it.each([
    ['--help'],
    ['-h'],
    ['help'],
    ['config --help'],
    ['config print --help'],
    ['help migrate'],
    ['config check --help --bogus'],
  ])('tierd %s is printed on stdout', async (line) => {
    const { exitCode, stdout, stderr } = await runInside(line.split(' '));
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    expect(stdout).toMatch(/^Usage: tierd/);
  });

  it('of every command has examples and the global options', async () => {
    for (const path of commandPaths()) {
      const { stdout } = await runInside([...path, '--help']);
      expect(stdout, path.join(' ')).toMatch(/Examples?:\n {2}\$ .*tierd/);
      expect(stdout, path.join(' ')).toContain('--config <file>');
    }
  });

  it('has only examples that are command lines without a mistake', async () => {
    const empty = directoryWith({});
    for (const path of commandPaths()) {
      const { stdout } = await runInside([...path, '--help']);
      for (const example of examplesOf(stdout)) {
        const named = example.includes('--config') ? [] : ['--config', `${empty}/none.yaml`];
        const { exitCode, stderr, ...rest } = await runInside([...example, ...named]);
        const code =
          /^code {2}(\w+)/m.exec(stderr)?.[1] ?? /"code": "(\w+)"/.exec(rest.stdout)?.[1];
        // Nothing is configured here: whoever gets so far had nothing to say of the line.
        expect({ example, code: exitCode === 0 ? 'CONFIG_INVALID' : code }).toEqual({
          example,
          code: 'CONFIG_INVALID',
        });
      }
    }
  });

  it('--version is that of package.json', async () => {
    const { stdout } = await runInside(['--version']);
    expect(stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
  });
});

describe('tierd config', () => {
  it('check says what it read', async () => {
    const directory = directoryWith({ 'unified_config.yaml': CONFIG });
    const text = await runInside(['config', 'check'], { workingDirectory: directory });
    expect(text).toEqual({
      exitCode: 0,
      stdout: `ok ${directory}/unified_config.yaml: news, ticks\n`,
      stderr: '',
    });
    const json = await runInside(['config', 'check', '--json'], { workingDirectory: directory });
    expect(JSON.parse(json.stdout)).toEqual({
      ok: true,
      file: `${directory}/unified_config.yaml`,
      datasets: ['news', 'ticks'],
    });
  });

  it('check shows every problem with its line, and exits with 2', async () => {
    const directory = directoryWith({
      'unified_config.yaml': CONFIG.replace('type: local', 'type: tape').replace('news:', 'News:'),
    });
    const { exitCode, stdout, stderr } = await runInside(['config', 'check'], {
      workingDirectory: directory,
    });
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' });
    expect(stderr).toBe(`error The configuration has 2 problems; nothing was done.
  file: ${directory}/unified_config.yaml

  line 3  lake.type
    found     "tape"
    expected  a store: "local" or "s3"

  line 4  datasets.News
    found     "News"
    expected  a dataset name: lower-case letters, digits and _, beginning with a letter, at most 63 long

hint  Mend the file, then run \`tierd config check\`. Every key is explained in docs/configuration.md.
code  CONFIG_INVALID, exit 2
`);
  });

  it('print shows what holds, without the password', async () => {
    const directory = directoryWith({ 'unified_config.yaml': CONFIG });
    const place = { workingDirectory: directory };
    const { stdout } = await runInside(['config', 'print'], place);
    expect(stdout).toContain('url: postgres://u:(hidden)@127.0.0.1:1/d\n');
    expect(stdout).toMatch(/ {2}news:\n(.*\n)* {4}hot_days: 30\n/);
    const json = await runInside(['config', 'print', '--json'], place);
    const { config } = JSON.parse(json.stdout) as { config: { datasets: object } };
    expect(Object.keys(config.datasets)).toEqual(['news', 'ticks']);
    expect(stdout + json.stdout).not.toContain('hunter2');
  });

  it('print is itself a valid configuration', async () => {
    const directory = directoryWith({ 'unified_config.yaml': CONFIG });
    const { stdout } = await runInside(['config', 'print'], { workingDirectory: directory });
    const again = directoryWith({ 'unified_config.yaml': stdout });
    const check = await runInside(['config', 'check'], { workingDirectory: again });
    expect(check.exitCode).toBe(0);
  });

  it('schema is JSON Schema, and knows none of our own words', async () => {
    const { stdout } = await runInside(['config', 'schema']);
    const schema = JSON.parse(stdout) as { $schema: string; properties: object };
    expect(schema.$schema).toContain('json-schema.org');
    expect(Object.keys(schema.properties)).toContain('datasets');
    expect(stdout).not.toMatch(/"(expects|secret)":/);
  });
});

describe('colours', () => {
  const escape = '\u001b[';

  it('are for terminals only', async () => {
    expect((await runInside(['bogus'], { columns: 80 })).stderr).toContain(escape);
    expect((await runInside(['bogus'])).stderr).not.toContain(escape);
  });

  it.each([
    [['bogus', '--no-color'], {}],
    [['bogus'], { NO_COLOR: '1' }],
    [['bogus'], { TERM: 'dumb' }],
  ])('can be refused: %s %o', async (argv, env) => {
    const { stderr } = await runInside(argv, { columns: 80, env });
    expect(stderr).toContain('unknown command');
    expect(stderr).not.toContain(escape);
  });
});

describe('an error', () => {
  const noServer = { 'unified_config.yaml': CONFIG };

  it('has no stack, unless --stack asks for it', async () => {
    const place = { workingDirectory: directoryWith(noServer) };
    const plain = await runInside(['migrate'], place);
    expect(plain).toMatchObject({ exitCode: 1, stdout: '' });
    expect(plain.stderr).toMatch(
      /^error Connecting to PostgreSQL at 127\.0\.0\.1:1\/d as u failed/,
    );
    expect(plain.stderr).toContain('\ncode  POSTGRES_UNREACHABLE, exit 1\n');
    expect(plain.stderr).not.toMatch(/\n\s+at |hunter2/);
    const stack = await runInside(['migrate', '--stack'], place);
    expect(stack.stderr).toMatch(/\n\s+at .*connect\.ts/);
    expect(stack.stderr).toContain('caused by ');
  });

  it('with --json keeps stdout to one document, also with --stack', async () => {
    const place = { workingDirectory: directoryWith(noServer) };
    const { exitCode, stdout, stderr } = await runInside(['--json', '--stack', 'migrate'], place);
    expect(exitCode).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({ error: { code: 'POSTGRES_UNREACHABLE' } });
    expect(stderr).toMatch(/\n\s+at /);
  });
});

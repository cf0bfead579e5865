import { execFileSync } from 'node:child_process';
import { Command, Option } from 'commander';
import { describe, expect, it } from 'vitest';
import { bashScript } from '../../../../src/cli/shells/bash.ts';
import { readTree } from '../../../../src/cli/shells/command-tree.ts';
import { fishScript } from '../../../../src/cli/shells/fish.ts';
import { zshScript } from '../../../../src/cli/shells/zsh.ts';
import { directoryWith } from '../../../support/config-file.ts';

function program(): Command {
  const tierd = new Command('tierd').option('-c, --config <file>', "what isn't the default");
  tierd
    .command('rotate')
    .description('move: PG to lake')
    .argument('[dataset...]')
    .option('--dry-run', 'only show');
  tierd
    .command('query')
    .argument('<sql>')
    .addOption(new Option('--format <format>', 'how').choices(['table', 'csv']));
  tierd.command('drain').argument('[source...]');
  const jobs = tierd.command('jobs');
  jobs.command('run').argument('<job>');
  const config = tierd.command('config').description('configuration');
  config.command('check').description('check it');
  return tierd;
}

/** What bash would offer after these words, the last of which is being typed. */
function complete(script: string, words: readonly string[]): string[] {
  const typed = words.map((word) => `'${word}'`).join(' ');
  const test = `${script}
tierd() {
  case "$2" in
    datasets) echo market_data; echo news ;;
    sources) echo trades; echo orders ;;
    jobs) echo rotate; echo drain ;;
  esac
}
COMP_WORDS=(${typed}); COMP_CWORD=${String(words.length - 1)}; _tierd; printf '%s\\n' "\${COMPREPLY[@]}"`;
  const output = execFileSync('bash', ['-euc', test], { encoding: 'utf8' });
  return output.split('\n').filter((line) => line !== '');
}

describe('bash completion', () => {
  const script = bashScript(readTree(program()));

  it.each<[string, string[]]>([
    ['tierd ', ['rotate', 'query', 'drain', 'jobs', 'config', '--config', '--help']],
    ['tierd ro', ['rotate']],
    ['tierd config ', ['check', '--config', '--help']],
    ['tierd config check --', ['--config', '--help']],
    ['tierd --dry-run rotate --d', ['--dry-run']],
    ['tierd rotate ', ['--dry-run', '--config', '--help', 'market_data', 'news']],
    ['tierd rotate news ma', ['market_data']],
    ['tierd drain tr', ['trades']],
    ['tierd jobs run ro', ['rotate']],
    ['tierd jobs run drain ', ['--config', '--help', 'rotate', 'drain']],
    ['tierd query --format ', ['table', 'csv']],
  ])('%s', (line, expected) => {
    expect(complete(script, line.split(' '))).toEqual(expected);
  });

  it('tierd --config offers files', () => {
    const directory = directoryWith({ 'news.yaml': '', 'night.yaml': '', 'other.yaml': '' });
    const typed = ['tierd', '--config', `${directory}/n`];
    expect(complete(script, typed).sort()).toEqual([
      `${directory}/news.yaml`,
      `${directory}/night.yaml`,
    ]);
  });
});

it('fish is told of each word where it may stand', () => {
  const lines = fishScript(readTree(program())).split('\n');
  expect(lines).toContain(
    "complete -c tierd -n '__fish_seen_subcommand_from config; and not __fish_seen_subcommand_from check' -a check -d 'check it'",
  );
  expect(lines).toContainEqual(
    expect.stringContaining("-l config -r -F -d 'what isn'\\''t the default'"),
  );
  expect(lines).toContainEqual(expect.stringContaining("-l format -x -a 'table csv'"));
  for (const what of ['datasets', 'sources', 'jobs']) {
    expect(lines).toContainEqual(
      expect.stringContaining(`-a '(tierd config ${what} 2>/dev/null)'`),
    );
  }
});

it('zsh gets each word with its description', () => {
  const script = zshScript(readTree(program()));
  expect(script).toMatch(/^#compdef tierd\n/);
  expect(script).toContain("'rotate:move: PG to lake'");
  expect(script).toContain('-c|--config) _files; return ;;');
  expect(script).toContain('--format) compadd -- table csv; return ;;');
});

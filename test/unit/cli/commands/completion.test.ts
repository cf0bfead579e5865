import { execFileSync } from 'node:child_process';
import { Command, Option } from 'commander';
import { describe, expect, it } from 'vitest';
import { bashScript } from '../../../../src/cli/shells/bash.ts';
import { quote, readTree } from '../../../../src/cli/shells/command-tree.ts';
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
  jobs.command('run').argument('<job>').option('--dataset <name>', 'this one');
  const config = tierd.command('config').description('configuration');
  config.command('check').description('check it');
  return tierd;
}

/** What bash would offer after these words, the last of which is being typed. */
function complete(script: string, words: readonly string[]): string[] {
  const typed = words.map((word) => `'${word}'`).join(' ');
  const test = `${script}
tierd() {
  case "$*" in
    'config datasets') echo market_data; echo news ;;
    'config sources') echo trades; echo orders ;;
    'config jobs') echo rotate; echo drain ;;
    '--config other.yaml config datasets') echo elsewhere ;;
    "--config $HOME/far.yaml config datasets") echo far ;;
  esac
}
COMP_WORDS=(${typed}); COMP_CWORD=${String(words.length - 1)}; _tierd; printf '%s\\n' "\${COMPREPLY[@]}"`;
  const output = execFileSync('bash', ['-euc', test], { encoding: 'utf8' });
  return output.split('\n').filter((line) => line !== '');
}

describe('bash completion', () => {
  const script = bashScript(readTree(program()));

  it.each<[string, string[]]>([
    ['tierd ', ['rotate', 'query', 'drain', 'jobs', 'config']],
    ['tierd -', ['--config', '--help']],
    ['tierd ro', ['rotate']],
    ['tierd config ', ['check']],
    ['tierd config check --', ['--config', '--help']],
    ['tierd --dry-run rotate --d', ['--dry-run']],
    ['tierd rotate ', ['market_data', 'news']],
    ['tierd rotate -', ['--dry-run', '--config', '--help']],
    ['tierd rotate news ma', ['market_data']],
    ['tierd drain tr', ['trades']],
    ['tierd jobs run ro', ['rotate']],
    ['tierd jobs run drain ', ['rotate', 'drain']],
    ['tierd jobs run --dataset n', ['news']],
    ['tierd query --format ', ['table', 'csv']],
    ['tierd query --format = ', ['table', 'csv']],
    ['tierd query --format = c', ['csv']],
    ['tierd --config other.yaml rotate ', ['elsewhere']],
    ['tierd --config = other.yaml rotate ', ['elsewhere']],
    ['tierd -c ~/far.yaml rotate ', ['far']],
    ['tierd -c rotate ', ['rotate', 'query', 'drain', 'jobs', 'config']],
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
  const at = (path: string): string => `complete -c tierd -n ${quote(`__tierd_at ${quote(path)}`)}`;
  expect(lines).toContain(`${at('config')} -a check -d 'check it'`);
  expect(lines).toContain(`${at('')} -s c -l config -r -F -d ${quote("what isn't the default")}`);
  expect(lines).toContain(`${at('query')} -l format -x -a 'table csv' -d 'how'`);
  expect(lines).toContain(`${at('rotate')} -a '(__tierd_names datasets)'`);
  expect(lines).toContain(`${at('drain')} -a '(__tierd_names sources)'`);
  expect(lines).toContain(`${at('jobs run')} -a '(__tierd_names jobs)'`);
  expect(lines).toContain(
    `${at('jobs run')} -l dataset -x -a '(__tierd_names datasets)' -d 'this one'`,
  );
});

it('zsh gets each word with its description', () => {
  const script = zshScript(readTree(program()));
  expect(script).toMatch(/^#compdef tierd\n/);
  expect(script).toContain("'rotate:move: PG to lake'");
  expect(script).toContain('-c|--config) _files; return ;;');
  expect(script).toContain('--format) compadd -- table csv; return ;;');
  expect(script).toContain('--dataset) compadd -- ${(f)"$(_tierd_names datasets)"}; return ;;');
  expect(script).toContain("'jobs run') commands=(); options=(");
});

import { expect, it } from 'vitest';
import { loadConfig } from '../../../src/config/load.ts';
import { directoryWith, errorOf, problemsOf } from '../../support/config-file.ts';

const load = (backup: string, lake = '{ type: local, path: lake }') => {
  const directory = directoryWith({
    'unified_config.yaml': `postgres: { url: "postgres://h/d" }
lake: ${lake}
backup: ${backup}
datasets: { ticks: { time_column: ts } }
`,
  });
  return {
    directory,
    load: () => loadConfig({ env: {}, workingDirectory: directory }),
  };
};

it('backups have a place, and rules of how long they are kept', () => {
  const { directory, load: read } = load('{ path: kept, keep: { daily: 30 } }');
  expect(read().backup).toEqual({
    path: `${directory}/kept`,
    lakeFiles: 'link',
    programs: null,
    keep: { last: 3, daily: 30, weekly: 4, monthly: 12 },
    overdue: {},
  });
});

it.each([
  ['{ path: lake }', 'is where the lake lies'],
  ['{ path: ./lake/backups/ }', 'lies within the lake'],
  ['{ path: . }', 'has the lake within it'],
  ['{ path: kept, keep: { last: 0 } }', 'from 1 to 100,000'],
  ['{ path: kept, lake_files: move }', 'link or copy'],
  ['{}', 'missing'],
])('%s is refused: %s', (backup, message) => {
  const problems = problemsOf(errorOf(load(backup).load));
  expect(JSON.stringify(problems)).toContain(message);
});

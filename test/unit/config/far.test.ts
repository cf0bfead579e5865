/** A far place of the lake, and from which age on segments go there. */
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { jobsOf } from '../../../src/cli/daemon/jobs.ts';
import { loadConfig, type TierdConfig } from '../../../src/config/load.ts';
import { formatProblem } from '../../../src/domain/problem.ts';
import { directoryWith, errorOf, problemsOf } from '../../support/config-file.ts';

const POSTGRES = 'postgres: { url: "postgres://tierd@db/market" }\n';
const FAR =
  'far: { type: s3, bucket: archive, work_directory: work, secret_access_key: s, access_key_id: a }';
const LAKE = `lake: { type: local, path: lake, ${FAR} }\n`;
const NEWS = 'datasets: { news: { time_column: t } }\n';
const AFTER_90 = 'storage: { lifecycle: { far_days: 90 } }\n';

function load(text: string): { readonly directory: string; readonly config: TierdConfig } {
  const directory = directoryWith({ 'unified_config.yaml': POSTGRES + text });
  return { directory, config: loadConfig({ env: {}, workingDirectory: directory }) };
}

const problems = (text: string): string[] =>
  problemsOf(errorOf(() => load(text))).map(formatProblem);

describe('lake.far', () => {
  it('is a place like the lake itself, for what is older than far_days', () => {
    const { config, directory } = load(
      `${LAKE}${AFTER_90}datasets:\n  news: { time_column: t }\n  bars: { time_column: t, far_days: 400 }\n`,
    );
    expect(config.lake).toMatchObject({
      type: 'local',
      root: join(directory, 'lake', 'cold_storage'),
      far: {
        type: 's3',
        far: null,
        target: { bucket: 'archive', credentials: { secretAccessKey: 's' } },
        workDirectory: join(directory, 'work'),
      },
    });
    expect(config.datasets.map(({ name, farDays }) => [name, farDays])).toEqual([
      ['news', 90],
      ['bars', 400],
    ]);
    expect(load(`lake: { type: local, path: lake }\n${NEWS}`).config).toMatchObject({
      lake: { far: null },
      datasets: [{ name: 'news' }],
    });
  });

  it('has a job where it has times, of datasets that have far_days', () => {
    const times = 'schedules: { tier: { every: 1d } }\n';
    expect(jobsOf(load(`${LAKE}${AFTER_90}${NEWS}${times}`).config)).toMatchObject([
      { name: 'rotate' },
      { name: 'tier', argv: ['tier'], dryRunArgv: ['tier', '--dry-run'] },
    ]);
  });

  it('makes no sense without far_days, nor these without it', () => {
    expect(problems(LAKE + NEWS)).toEqual([expect.stringContaining('nothing would ever go there')]);
    expect(problems(`lake: { type: local, path: lake }\n${AFTER_90}${NEWS}`)).toEqual([
      expect.stringContaining('there is no far place'),
    ]);
  });

  it.each([
    ['far_days: 30', 'is not more than hot_days (30)'],
    ['far_days: 90, hot_days: 120', 'is not more than hot_days (120)'],
    ['far_days: 90, cold_days: 90', 'is not less than cold_days (90)'],
  ])('refuses %s', (lifecycle, reason) => {
    const found = problems(`${LAKE}storage: { lifecycle: { ${lifecycle} } }\n${NEWS}`);
    expect(found).toEqual([expect.stringContaining(reason)]);
  });

  it('judges the days of a dataset with what it inherits', () => {
    expect(
      problems(`${LAKE}${AFTER_90}datasets: { news: { time_column: t, hot_days: 200 } }\n`),
    ).toEqual([
      expect.stringMatching(/datasets\.news\.hot_days.*not more than hot_days \(200\)/su),
    ]);
  });

  it.each([
    ['{ type: local, path: lake, far: { type: local, path: ./lake } }', 'is where the lake lies'],
    ['{ type: local, path: a, far: { type: local, path: a/b } }', 'lies within the lake'],
    ['{ type: local, path: ./a/, far: { type: local, path: b/../a/c } }', 'lies within the lake'],
    [
      '{ type: s3, bucket: lake, work_directory: w, far: { type: s3, bucket: lake, prefix: x, work_directory: w } }',
      'lies within the lake',
    ],
  ])('refuses places within each other: %s', (lake, reason) => {
    expect(problems(`lake: ${lake}\n${AFTER_90}${NEWS}`)).toEqual([
      expect.stringContaining(reason),
    ]);
  });

  it('is checked as a bucket of its own', () => {
    const half = 'far: { type: s3, bucket: archive, work_directory: w, access_key_id: a }';
    expect(problems(`lake: { type: local, path: l, ${half} }\n${AFTER_90}${NEWS}`)).toEqual([
      expect.stringContaining('lake.far.access_key_id'),
    ]);
  });
});

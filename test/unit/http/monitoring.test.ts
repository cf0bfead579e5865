/** docs/monitoring speaks of what /metrics serves. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { reduce } from '../../../src/daemon/reduce-state.ts';
import { initialState } from '../../../src/daemon/state.ts';
import { createMetrics } from '../../../src/http/metrics.ts';
import { QueryGate } from '../../../src/http/query-gate.ts';
import { hasPromtool, promtool } from '../../support/promtool.ts';
import { surveyOf } from '../../support/survey.ts';

const pathOf = (name: string): string =>
  fileURLToPath(new URL(`../../../docs/monitoring/${name}`, import.meta.url));
const textOf = (name: string): string => readFileSync(pathOf(name), 'utf8');

/** Of a daemon that has seen everything there is a figure of. */
function served(events: Parameters<typeof reduce>[1][] = SEEN): Promise<string> {
  const state = events.reduce(
    reduce,
    initialState({
      owner: 'default',
      holder: 'here:1',
      nowMs: 0,
      configFile: '/etc/tierd.yaml',
      jobs: [{ name: 'rotate', command: 'tierd rotate', schedule: '0 2 * * * UTC' }],
    }),
  );
  const nothing = (): Promise<never> => Promise.reject(new Error('not asked'));
  return createMetrics(
    {
      version: '1.2.3',
      state: () => state,
      datasets: () => [],
      dryRuns: () => [],
      readRuns: nothing,
      readCalendar: nothing,
      readMoved: nothing,
      missing: () => [],
    },
    new QueryGate({ concurrency: 1, queue: 1 }),
  ).metrics();
}

const SEEN: Parameters<typeof reduce>[1][] = [
  { kind: 'leading', token: '1' },
  { kind: 'surveyed', survey: surveyOf() },
];

async function servedNames(): Promise<ReadonlySet<string>> {
  return new Set([...(await served()).matchAll(/^# TYPE (\S+)/gm)].map(([, name]) => name ?? ''));
}

/** In PromQL: what prom-client serves begins with one of these. */
function namesIn(expression: string): readonly string[] {
  return [...expression.matchAll(/\b(?:tierd|process)_[a-z0-9_]+/g)].map(([name]) => name);
}

interface Panel {
  readonly title: string;
  readonly targets?: readonly { readonly expr: string; readonly datasource: { uid: string } }[];
}

interface Rule {
  readonly alert: string;
  readonly expr: string;
  readonly annotations: { readonly summary: string; readonly description: string };
}

const rules = (): readonly Rule[] =>
  (parse(textOf('alerts.yml')) as { groups: { rules: Rule[] }[] }).groups.flatMap(
    (group) => group.rules,
  );

describe('docs/monitoring', () => {
  it('grafana-dashboard.json asks only for metrics that are served, of the chosen data source', async () => {
    const names = await servedNames();
    const dashboard = JSON.parse(textOf('grafana-dashboard.json')) as {
      panels: Panel[];
      templating: { list: { name: string; type: string }[] };
    };
    expect(dashboard.templating.list[0]).toMatchObject({ name: 'datasource', type: 'datasource' });
    const targets = dashboard.panels.flatMap((panel) => panel.targets ?? []);
    expect(targets.length).toBeGreaterThan(20);
    for (const { expr, datasource } of targets) {
      expect(datasource.uid).toBe('${datasource}');
      const asked = namesIn(expr);
      expect(asked.length, expr).toBeGreaterThan(0);
      for (const name of asked) expect(names, expr).toContain(name);
    }
  });

  it('alerts.yml asks only for metrics that are served, and README.md says what to do about each', async () => {
    const names = await servedNames();
    const readme = textOf('README.md');
    expect(rules().length).toBeGreaterThan(10);
    for (const { alert, expr } of rules()) {
      for (const name of namesIn(expr)) expect(names, alert).toContain(name);
      expect(readme, alert).toContain(`| \`${alert}\` |`);
    }
  });

  it('README.md lists every metric that is served, and no other', async () => {
    const listed = [...textOf('README.md').matchAll(/^\| `((?:tierd|process)_[a-z0-9_]+)` \|/gm)];
    expect(listed.map(([, name]) => name).sort()).toEqual([...(await servedNames())].sort());
  });
});

describe('/metrics', () => {
  it('has the last survey, and leaves out what is not known', async () => {
    const text = await served();
    for (const line of [
      'tierd_hot_up 1',
      'tierd_live_used_bytes{server="cache:6379"} 1000',
      'tierd_live_latency_seconds{server="cache:6379"} 0.0002',
      'tierd_dataset_hot_rows{dataset="ticks"} 10',
      'tierd_dataset_hot_oldest_timestamp_seconds{dataset="ticks"} 1',
      'tierd_dataset_bad_segments{dataset="ticks"} 1',
      'tierd_drain_lag_seconds{source="trades"} 1.5',
      'tierd_drain_rows_total{source="trades"} 99',
      'tierd_dead_letters{source="trades"} 1',
      'tierd_lake_free_bytes 5000',
    ]) {
      expect(text.split('\n')).toContain(line);
    }
    const early = await served([]);
    expect(early).not.toMatch(/^tierd_(hot|live|lake|dataset|drain|survey)\w* /m);
    const away = surveyOf({ live: null });
    expect(await served([{ kind: 'surveyed', survey: away }])).not.toMatch(/^tierd_live_up/m);
  });

  it('calls counters what only grows, and nothing else', async () => {
    for (const [, name, type] of (await served()).matchAll(/^# TYPE (\S+) (\S+)$/gm)) {
      expect(type, name).toBe(name?.endsWith('_total') === true ? 'counter' : 'gauge');
    }
  });
});

// Where it is not installed, the closing summary says that these did not run.
if (hasPromtool()) {
  describe('promtool', () => {
    it('finds nothing wrong with the alert rules', () => {
      const { status, text } = promtool(['check', 'rules', pathOf('alerts.yml')]);
      expect(status, text).toBe(0);
    });

    it('finds nothing wrong with what is served', async () => {
      const { status, text } = promtool(['check', 'metrics'], await served());
      expect(text).toBe('');
      expect(status).toBe(0);
    });
  });
}

import { describe, expect, it } from 'vitest';
import type { AlertsConfig } from '../../../src/config/alerts-section.ts';
import { configJsonSchema } from '../../../src/config/json-schema.ts';
import { loadConfig } from '../../../src/config/load.ts';
import { redact } from '../../../src/config/redact.ts';
import { formatProblem } from '../../../src/domain/problem.ts';
import { directoryWith, errorOf, problemsOf } from '../../support/config-file.ts';

function load(alerts: string, files: Record<string, string> = {}): AlertsConfig {
  const text = [
    'postgres: { url: "postgres://tierd@db/market" }',
    'lake: { type: local, path: lake }',
    'datasets: { news: { time_column: published_at } }',
    `alerts: ${alerts}`,
  ].join('\n');
  const directory = directoryWith({ 'unified_config.yaml': text, ...files });
  return loadConfig({ env: {}, workingDirectory: directory }).alerts;
}

function problems(alerts: string, files: Record<string, string> = {}): string[] {
  return problemsOf(errorOf(() => load(alerts, files))).map(formatProblem);
}

describe('receivers', () => {
  it('are webhooks and commands, each with a name and the kinds that it wants', () => {
    const { webhooks, commands } = load(
      '{ webhooks: { ops: { url_file: hook, format: slack, kinds: [bad_segment] } }, commands: { pager: { command: page } } }',
      { hook: 'https://hooks.example/T/secret\n' },
    );
    expect(webhooks).toEqual([
      {
        name: 'ops',
        url: 'https://hooks.example/T/secret',
        format: 'slack',
        kinds: ['bad_segment'],
      },
    ]);
    expect(commands).toEqual([{ name: 'pager', command: 'page', variables: [], kinds: null }]);
  });

  it('that are wrong are told, each with its place, and no address is', () => {
    const found = problems(
      '{ webhooks: { a: {}, b: { url: "ftp://secret" }, c: { url_file: hook }, d: { url: "https://x", url_file: hook }, e: { url: "https://x", kinds: [nonsense] }, "f:g": { url: "https://x" } }, commands: { a: { command: x } } }',
      { hook: 'secret' },
    );
    const text = found.join('\n');
    for (const part of [
      'alerts.webhooks.a',
      'says nowhere to send to',
      'alerts.webhooks.b.url',
      'alerts.webhooks.c.url_file',
      'alerts.webhooks.d.url_file',
      'alerts.webhooks.e.kinds[0]',
      'alerts.webhooks.f:g',
      'alerts.commands.a',
    ]) {
      expect(text).toContain(part);
    }
    expect(text).not.toContain('secret');
  });

  it('hide their whole address where the configuration is printed', () => {
    const config = { alerts: { webhooks: { ops: { url: 'https://hooks.example/T/secret' } } } };
    expect(redact(config, configJsonSchema())).toEqual({
      alerts: { webhooks: { ops: { url: '(hidden)' } } },
    });
  });
});

describe('when', () => {
  it('has defaults, and takes others', () => {
    expect(load('{}')).toMatchObject({
      webhooks: [],
      commands: [],
      drainLagMs: 300_000,
      deadLetters: 1,
      repeatMs: 14_400_000,
      settleMs: 60_000,
    });
    expect(load('{ drain_lag: 30s, dead_letters: 10, settle: 0s }')).toMatchObject({
      drainLagMs: 30_000,
      deadLetters: 10,
      settleMs: 0,
    });
  });
});

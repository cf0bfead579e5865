/** The `alerts` section: whom the daemon tells by itself, and of what. */
import { z } from 'zod';
import { ALERT_KINDS, type AlertKind } from '../domain/alert.ts';
import { DATASET_NAME, DATASET_NAME_EXPECTED } from './datasets-section.ts';
import { choice, duration, hidden, text, textList, wholeNumber } from './fields.ts';
import { parseDuration } from './units.ts';

export interface AlertsConfig {
  readonly webhooks: readonly {
    readonly name: string;
    readonly url: string;
    readonly format: 'slack' | 'json';
    readonly kinds: readonly AlertKind[] | null;
  }[];
  readonly commands: readonly {
    readonly name: string;
    readonly command: string;
    /** Names of what it gets of the daemon's environment, besides what every program needs. */
    readonly variables: readonly string[];
    readonly kinds: readonly AlertKind[] | null;
  }[];
  readonly drainLagMs: number;
  readonly deadLetters: number;
  readonly unreachableAfterMs: number;
  readonly repeatMs: number;
  readonly settleMs: number;
  readonly timeoutMs: number;
  readonly giveUpAfterMs: number;
}

const KINDS_EXPECTED = `a list of kinds: ${ALERT_KINDS.join(', ')}`;

const kinds = z
  .array(z.enum(ALERT_KINDS, { error: `one of ${ALERT_KINDS.join(', ')}` }), {
    error: KINDS_EXPECTED,
  })
  .optional()
  .meta({
    description:
      'Only these; all kinds when it is left out. docs/operations.md says what each means.',
    expects: `list of ${ALERT_KINDS.join(', ')}`,
    examples: [['job_failed', 'bad_segment']],
  });

const webhook = z.strictObject({
  url: hidden('Where each alert is sent to by POST. It is shown and logged nowhere.').optional(),
  url_file: text('Instead of `url`: the file that holds it.').optional(),
  format: choice(
    ['slack', 'json'],
    '`slack` for Slack and what understands its `{"text": …}`, such as Mattermost; `json` for the whole document.',
  ).default('json'),
  kinds,
});

const command = z.strictObject({
  command: text(
    'A line for /bin/sh. It gets the alert as JSON on its stdin and as TIERD_ALERT_EVENT, _KIND, _SEVERITY, _SUBJECT, _MESSAGE and so on in its environment; another exit code than 0 is tried again.',
    'mail -s "tierd: $TIERD_ALERT_KIND" ops@example.org',
  ),
  env: textList(
    'names of variables',
    'Variables of the daemon that it gets as well. Of its own it has PATH, HOME, USER, LOGNAME, SHELL, LANG, LC_*, TZ and TMPDIR, and nothing else: no password.',
    ['PAGER_TOKEN'],
  ).default([]),
  kinds,
});

const names = { type: 'string', pattern: DATASET_NAME.source };

export const alertsSection = z.strictObject({
  webhooks: z
    .record(z.string(), webhook, { error: 'a mapping of names to webhooks' })
    .default({})
    .meta({ description: 'Told over HTTP.', propertyNames: names }),
  commands: z
    .record(z.string(), command, { error: 'a mapping of names to commands' })
    .default({})
    .meta({ description: 'Told by running a command.', propertyNames: names }),
  drain_lag: duration(
    'A source of the drain that is further behind than this is an alert.',
  ).default('5min'),
  dead_letters: wholeNumber(
    { min: 1, max: 1_000_000_000 },
    'So many dead letters of a source that wait for somebody are an alert.',
  ).default(1),
  unreachable_after: duration(
    'PostgreSQL away for this long is an alert: a server that is restarted is none.',
  ).default('1min'),
  repeat: duration('What goes on is told again after this.').default('4h'),
  settle: duration(
    'What has ended is told when it has stayed away for this long: what comes and goes is one alert.',
  ).default('1min'),
  timeout: duration('Of one try to tell a receiver.').default('10s'),
  give_up_after: duration(
    'A receiver that is down is tried for this long, more and more seldom, up to once a minute.',
  ).default('24h'),
});

export type AlertsFile = z.output<typeof alertsSection>;

export const RECEIVER_NAME = DATASET_NAME;
export const RECEIVER_NAME_EXPECTED = DATASET_NAME_EXPECTED.replace('dataset', 'receiver');

export function resolveAlerts(file: AlertsFile): AlertsConfig {
  return {
    webhooks: Object.entries(file.webhooks).map(([name, { url = '', format, kinds: only }]) => ({
      name,
      url,
      format,
      kinds: only ?? null,
    })),
    commands: Object.entries(file.commands).map(([name, { command: line, env, kinds: only }]) => ({
      name,
      command: line,
      variables: env,
      kinds: only ?? null,
    })),
    drainLagMs: parseDuration(file.drain_lag),
    deadLetters: file.dead_letters,
    unreachableAfterMs: parseDuration(file.unreachable_after),
    repeatMs: parseDuration(file.repeat),
    settleMs: parseDuration(file.settle),
    timeoutMs: parseDuration(file.timeout),
    giveUpAfterMs: parseDuration(file.give_up_after),
  };
}

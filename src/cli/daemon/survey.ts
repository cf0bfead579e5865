/** `tierd status --daemon`: what the running daemon saw last, which costs nothing to ask. */

import type { ServerConfig } from '../../config/server-section.ts';
import { countOf } from '../../domain/count.ts';
import { EXIT, type ExitCode } from '../../domain/errors.ts';
import type { EpochMs } from '../../domain/time/time-range.ts';
import type { SurveyDocument } from '../../http/survey-schema.ts';
import type { Report } from '../context.ts';
import { formatBytes, formatInteger, formatRelative } from '../terminal/format.ts';
import type { Style } from '../terminal/style.ts';
import { renderTable } from '../terminal/table.ts';
import { askStatus } from './ask-status.ts';
import { surveyCareLines } from './survey-care.ts';

/** Null before the daemon's first survey. Throws as `askStatus`. */
export async function askSurvey(server: ServerConfig | undefined): Promise<SurveyDocument | null> {
  const { survey } = await askStatus(server, 'without --daemon, tierd looks itself');
  return survey;
}

export function reportSurvey(
  survey: SurveyDocument | null,
  datasets: readonly string[],
  now: EpochMs,
): Report {
  if (survey === null) {
    return { json: null, text: () => 'The daemon has not looked at the stores yet.' };
  }
  const chosen = survey.datasets.filter(({ dataset }) => datasets.includes(dataset));
  const sources = survey.sources.filter(({ dataset }) => datasets.includes(dataset));
  return {
    exitCode: exitCodeOf([...chosen, ...sources].map(({ error }) => error)),
    json: { ...survey, datasets: chosen, sources },
    text: (style) => render({ ...survey, datasets: chosen, sources }, now, style),
  };
}

/** Of figures that could not be had: all of them, some, none. */
function exitCodeOf(errors: readonly (string | null)[]): ExitCode {
  const failed = errors.filter((error) => error !== null).length;
  if (failed === 0) return EXIT.done;
  return failed === errors.length ? EXIT.failed : EXIT.partly;
}

function render(survey: SurveyDocument, now: EpochMs, style: Style): string {
  const { colour } = style;
  const seen = Date.parse(survey.taken_at ?? '');
  return [
    `As the daemon saw it ${formatRelative(seen, now)}; without --daemon, tierd looks itself.`,
    ...(survey.error === null ? [] : [colour.yellow(survey.error)]),
    ...gapsOf(survey).map((line) => colour.yellow(line)),
    ...(survey.cold.error === null || survey.cold.error === survey.error
      ? []
      : [colour.yellow(`lake: ${survey.cold.error}`)]),
    '',
    renderDatasets(survey, style),
    ...survey.datasets.flatMap((dataset) => surveyCareLines(dataset, now, style)),
    ...(survey.sources.length === 0 ? [] : ['', renderSources(survey, style)]),
    ...backupLines(survey, now),
  ].join('\n');
}

function backupLines({ backups }: SurveyDocument, now: EpochMs): readonly string[] {
  if (backups === null) return [];
  const last = backups.map(
    ({ kind, finished_at: at }) => `${kind} ${formatRelative(Date.parse(at ?? ''), now)}`,
  );
  return ['', `backups, the last good ones: ${last.length === 0 ? 'none yet' : last.join(', ')}`];
}

function gapsOf({ datasets, sources }: SurveyDocument): readonly string[] {
  const uncounted = [
    ...datasets.filter(({ hot }) => hot.rows === null).map(({ dataset }) => dataset),
    ...sources
      .filter(({ enabled, backlog_entries: waiting }) => enabled && waiting === null)
      .map(({ source }) => source),
  ];
  return uncounted.length === 0 ? [] : [`partial: not looked at yet: ${uncounted.join(', ')}`];
}

function renderDatasets({ datasets }: SurveyDocument, style: Style): string {
  return renderTable(
    [
      { title: 'DATASET' },
      { title: 'HOT ROWS', align: 'right' },
      { title: 'BYTES', align: 'right' },
      { title: 'COLD ROWS', align: 'right' },
      { title: 'BYTES', align: 'right' },
      { title: 'DUE', align: 'right' },
      { title: 'NOTE' },
    ],
    datasets.map(({ dataset, hot, cold, due, error, refusals, partitions }) => [
      dataset,
      `${hot.rows_are_estimated ? '~' : ''}${figure(hot.rows, formatInteger)}`,
      figure(hot.bytes, formatBytes),
      formatInteger(cold.rows),
      formatBytes(cold.bytes),
      figure(due?.rows ?? null, formatInteger),
      [
        ...(error === null ? [] : [error]),
        ...(cold.bad_segments === 0 ? [] : [countOf(cold.bad_segments, 'bad segment')]),
        ...refusals,
        ...[partitions?.short ?? []].flat(),
      ].join('; '),
    ]),
    style,
  );
}

function renderSources({ sources }: SurveyDocument, style: Style): string {
  return renderTable(
    [
      { title: 'SOURCE' },
      { title: 'BACKLOG', align: 'right' },
      { title: 'LAG', align: 'right' },
      { title: 'DEAD LETTERS', align: 'right' },
      { title: 'NOTE' },
    ],
    sources.map((source) => [
      source.source,
      figure(source.backlog_entries, formatInteger),
      figure(source.lag_seconds, (seconds) => `${seconds.toFixed(0)} s`),
      formatInteger(source.dead_letters_waiting),
      source.error ?? (source.enabled ? '' : 'not enabled'),
    ]),
    style,
  );
}

function figure(value: number | null, format: (value: number) => string): string {
  return value === null ? '?' : format(value);
}

import type { Command } from 'commander';
import { agree, countOf } from '../../domain/count.ts';
import type { ExitCode } from '../../domain/errors.ts';
import { formatUntil, joinPins } from '../../domain/plan/pins.ts';
import { type EpochMs, formatRange } from '../../domain/time/time-range.ts';
import { careDocument, partitionsDocument } from '../../http/survey-document.ts';
import type { SourceStatus } from '../../jobs/drain/look-at-sources.ts';
import { type DatasetResult, exitCodeOf } from '../../jobs/rotate-all.ts';
import type { DatasetReport, DatasetStatus, Status } from '../../jobs/status.ts';
import type { CliContext, Report } from '../context.ts';
import { careLines } from '../reports/care-lines.ts';
import { liveDocument, renderLive } from '../reports/live-report.ts';
import { partitionLines } from '../reports/partition-lines.ts';
import { renderSources, sourceDocument } from '../reports/source-report.ts';
import { selectDatasets } from '../select-datasets.ts';
import { errorDocument, renderError } from '../terminal/errors.ts';
import { formatBytes, formatInteger, formatRelative, formatRows } from '../terminal/format.ts';
import type { Style } from '../terminal/style.ts';
import { renderTable } from '../terminal/table.ts';

export function registerStatus(program: Command, context: CliContext): void {
  program
    .command('status')
    .description('where the rows of each dataset are, what is due, and how the last run ended')
    .argument('[dataset...]', 'only these')
    .option('--daemon', 'what the running daemon saw last, instead of counting now')
    .addHelpText(
      'after',
      '\nExamples:\n  $ tierd status\n  $ tierd status market_data --json\n  $ tierd status --daemon',
    )
    .action(async (names: string[], { daemon }: { readonly daemon?: true }) => {
      const { datasets, server } = context.loadConfig();
      const chosen = names.length === 0 ? datasets : selectDatasets(datasets, names);
      if (daemon === true) {
        const { askSurvey, reportSurvey } = await import('../daemon/survey.ts');
        const wanted = chosen.map(({ name }) => name);
        context.report(reportSurvey(await askSurvey(server), wanted, context.clock.now()));
        return;
      }
      const { readStatus } = await import('../../jobs/status.ts');
      const { composeLiveChecks } = await import('../rooms/live-rooms.ts');
      const { composeLooking } = await import('../rooms/rooms.ts');
      const live = await composeLiveChecks(context);
      const status = await readStatus(await composeLooking(context, 'status'), chosen, live);
      const datasetNames = chosen.map(({ name }) => name);
      const sources = await lookAtDrain(context, datasetNames);
      const configured = datasets.map(({ name }) => name);
      context.report(reportStatus(status, sources, configured, context.clock.now()));
    });
}

/** The sources of these datasets; none where no live store is configured. */
async function lookAtDrain(
  context: CliContext,
  datasets: readonly string[],
): Promise<readonly SourceStatus[]> {
  const { drain, redis } = context.loadConfig();
  const sources = drain.sources.filter(({ dataset }) => datasets.includes(dataset.name));
  if (redis === undefined || sources.length === 0) return [];
  const { lookAtSources } = await import('../../jobs/drain/look-at-sources.ts');
  const { composeDrain } = await import('../rooms/drain-rooms.ts');
  return lookAtSources(await composeDrain(context, 'status', () => undefined), sources);
}

export function reportStatus(
  status: Status,
  sources: readonly SourceStatus[],
  configured: readonly string[],
  now: EpochMs,
): Report {
  const unconfigured = status.coldTotals.filter(({ dataset }) => !configured.includes(dataset));
  const exitCode = exitCodeOf(looksOf(status, sources), () => 'done');
  return {
    exitCode,
    json: {
      ledger: status.ledger,
      hot_problem: status.hotProblem,
      lake: {
        place: status.lake.place,
        far_place: status.lake.farPlace,
        free_bytes: status.lake.freeBytes,
        problem: status.lake.problem === null ? null : errorDocument(status.lake.problem).error,
      },
      live: status.live === null ? null : liveDocument(status.live),
      sources: sources.map(sourceDocument),
      datasets: status.datasets.map(documentOf),
      not_configured: unconfigured.map(({ dataset, segments, rows }) => ({
        dataset,
        segments,
        rows: Number(rows),
      })),
    },
    text: (style) =>
      [
        renderStatus(status, now, style, exitCode),
        ...unconfigured.map(
          ({ dataset, segments, rows }) =>
            `${style.colour.yellow('not configured')} ${dataset}: ${formatRows(rows)} in ${countOf(segments, 'segment')} of the lake, which no configured dataset has; if it has another name now: \`tierd lake rename ${dataset} <its new name>\`, else put it back under this name`,
        ),
        ...(sources.length === 0 ? [] : ['', renderSources(sources, now, style)]),
      ].join('\n'),
  };
}

/** What was looked at, and what could not be. */
function looksOf(
  { datasets, lake, live }: Status,
  sources: readonly SourceStatus[],
): readonly DatasetResult<null>[] {
  const looked = (dataset: string): DatasetResult<null> => ({ dataset, outcome: null });
  return [
    ...datasets.map((report) => ('error' in report ? report : looked(report.dataset))),
    ...sources.map(({ source, waiting }) =>
      'error' in waiting ? { dataset: source, error: waiting.error } : looked(source),
    ),
    ...(lake.problem === null ? [] : [{ dataset: 'lake', error: lake.problem }]),
    ...(live === null
      ? []
      : ['error' in live ? { dataset: 'live', error: live.error } : looked('live')]),
  ];
}

function documentOf(report: DatasetReport): unknown {
  if ('error' in report) return { dataset: report.dataset, ...errorDocument(report.error) };
  const { lastRun, lease } = report;
  return {
    dataset: report.dataset,
    table: report.table,
    table_kind: report.kind,
    hot: sideDocument(report.hot),
    cold: {
      segments: report.cold.segments,
      bad_segments: report.cold.badSegments,
      far: report.cold.far,
      ...sideDocument(report.cold),
    },
    ratio: report.ratio,
    due: report.due,
    refusals: report.refusals,
    partitions: report.partitions === null ? null : partitionsDocument(report.partitions),
    pins: report.pins.map(({ range, until }) => ({
      from: new Date(range.fromInclusive).toISOString(),
      to: new Date(range.toExclusive).toISOString(),
      until: until === null ? null : new Date(until).toISOString(),
    })),
    last_run:
      lastRun === null
        ? null
        : {
            job: lastRun.job,
            state: lastRun.state,
            started_at: lastRun.startedAt,
            finished_at: lastRun.finishedAt,
            rows_moved: Number(lastRun.rowsMoved),
            bytes_written: Number(lastRun.bytesWritten),
            rows_again: Number(lastRun.rowsAgain),
            rows_changed: Number(lastRun.rowsChanged),
            error_code: lastRun.errorCode,
            error_message: lastRun.errorMessage,
          },
    care: report.care === null ? null : careDocument(report.care),
    lease: lease?.held === true ? { holder: lease.holder, expires_at: lease.expiresAt } : null,
  };
}

function sideDocument(side: DatasetStatus['hot']): Record<string, unknown> {
  return {
    rows: side.rows,
    bytes: side.bytes,
    oldest: side.oldest === null ? null : new Date(side.oldest).toISOString(),
    newest: side.newest === null ? null : new Date(side.newest).toISOString(),
  };
}

function renderStatus(status: Status, now: EpochMs, style: Style, exitCode: ExitCode): string {
  const { colour } = style;
  const whole = status.datasets.filter((report): report is DatasetStatus => !('error' in report));
  const failed = status.datasets.flatMap((report) => ('error' in report ? [report] : []));
  const free = status.lake.freeBytes;
  return [
    `lake  ${status.lake.place}${free === null ? '' : `, ${formatBytes(free)} free`}`,
    ...(status.lake.farPlace === null ? [] : [`far   ${status.lake.farPlace}`]),
    ...(status.lake.problem === null ? [] : [renderError(status.lake.problem, style, false)]),
    ...(status.hotProblem === null ? [] : [colour.yellow(`PostgreSQL: ${status.hotProblem}`)]),
    ...(status.live === null ? [] : renderLive(status.live, style)),
    ...(status.ledger ? [] : [colour.yellow('There is no ledger yet: run `tierd migrate`.')]),
    ...(failed.length === 0
      ? []
      : [
          colour.yellow(
            `partial: ${String(whole.length)} of ${countOf(status.datasets.length, 'dataset')} could be looked at; without ${failed.map(({ dataset }) => dataset).join(', ')}`,
          ),
        ]),
    ...(whole.length === 0
      ? []
      : ['', renderSides(whole, style), '', renderRuns(whole, now, style)]),
    ...whole.flatMap(({ dataset, cold: { badSegments } }) =>
      badSegments === 0
        ? []
        : [
            `${colour.red('damaged')} ${dataset}: ${countOf(badSegments, 'segment')} of the lake ${agree(badSegments, 'is', 'are')} missing or altered; \`tierd scrub\` tells which, and what to do`,
          ],
    ),
    ...whole.flatMap((report) =>
      report.refusals.map((refusal) => `${colour.yellow('refused')} ${report.dataset}: ${refusal}`),
    ),
    ...whole.flatMap((report) =>
      joinPins(report.pins).map(
        ({ range, until }) =>
          `${colour.cyan('pinned')} ${report.dataset}: ${formatRange(range)} was restored and stays hot ${formatUntil(until)}`,
      ),
    ),
    ...whole.flatMap((report) => partitionLines(report, style)),
    ...whole.flatMap((report) => careLines(report, now, style)),
    ...failed.map(
      ({ dataset, error }) => `${dataset}: ${renderError(error, style, false, exitCode)}`,
    ),
  ].join('\n');
}

function renderSides(reports: readonly DatasetStatus[], style: Style): string {
  return renderTable(
    [
      { title: 'DATASET' },
      { title: 'STORE' },
      { title: 'ROWS', align: 'right' },
      { title: 'BYTES', align: 'right' },
      { title: 'OLDEST (UTC)' },
      { title: 'NEWEST (UTC)' },
      { title: 'NOTE' },
    ],
    reports.flatMap((report) => [
      [report.dataset, 'hot', ...sideCells(report.hot), report.kind],
      [
        '',
        'cold',
        ...sideCells(report.cold),
        report.cold.segments === 0
          ? 'empty'
          : `${countOf(report.cold.segments, 'segment')}${tellFar(report.cold)}${report.ratio === null ? '' : `, a row takes 1/${report.ratio.toFixed(1)} of its hot size`}`,
      ],
    ]),
    style,
  );
}

function tellFar({ far: { segments, bytes } }: DatasetStatus['cold']): string {
  return segments === 0 ? '' : `, ${String(segments)} of them far (${formatBytes(bytes)})`;
}

function sideCells(side: DatasetStatus['hot']): string[] {
  return [
    formatInteger(side.rows),
    formatBytes(side.bytes),
    formatInstant(side.oldest),
    formatInstant(side.newest),
  ];
}

function formatInstant(at: EpochMs | null): string {
  return at === null ? '-' : new Date(at).toISOString().slice(0, 16).replace('T', ' ');
}

function renderRuns(reports: readonly DatasetStatus[], now: EpochMs, style: Style): string {
  return renderTable(
    [{ title: 'DATASET' }, { title: 'DUE' }, { title: 'LAST RUN' }],
    reports.map((report) => [report.dataset, describeDue(report), describeRun(report, now)]),
    style,
  );
}

function describeDue({ due }: DatasetStatus): string {
  return due.rows === 0 ? 'nothing' : `${formatRows(due.rows)} in ${countOf(due.moves, 'move')}`;
}

function describeRun({ lastRun, lease }: DatasetStatus, now: EpochMs): string {
  if (lease?.held === true) return `running now: ${lease.holder}`;
  if (lastRun === null) return 'never';
  const when = formatRelative(Date.parse(lastRun.startedAt), now);
  const why = lastRun.errorMessage === null ? '' : `: ${lastRun.errorMessage}`;
  const again =
    lastRun.rowsAgain === 0n
      ? ''
      : `, ${formatRows(lastRun.rowsAgain)} came again (${formatInteger(lastRun.rowsChanged)} changed)`;
  return `${lastRun.state} ${when}, ${formatRows(lastRun.rowsMoved)} ${lastRun.job === 'restore' ? 'restored' : 'moved'}${again}${why}`;
}

/** The drain's sources in `tierd status`. */
import type { EpochMs } from '../../domain/time/time-range.ts';
import type { SourceStatus } from '../../jobs/drain/look-at-sources.ts';
import { errorDocument } from '../terminal/errors.ts';
import { formatInteger, formatRelative } from '../terminal/format.ts';
import type { Style } from '../terminal/style.ts';
import { renderTable, type TableCell } from '../terminal/table.ts';

export function sourceDocument(status: SourceStatus): unknown {
  const { source, dataset, kind, enabled, waiting, error, record, lease } = status;
  return {
    source,
    dataset,
    kind,
    enabled,
    error: error === null ? null : errorDocument(error),
    backlog: 'error' in waiting ? errorDocument(waiting.error) : waiting,
    entries: record?.entries ?? 0,
    rows: record?.rows ?? 0,
    dead_letters: record?.deadLetters ?? 0,
    dead_letters_waiting: record?.waitingLetters ?? 0,
    flagged: record?.flagged ?? 0,
    repeated: record?.repeated ?? 0,
    same_key: record?.sameKey ?? 0,
    lost: record?.lost ?? 0,
    watermark: watermarkOf(status),
    last_batch_at: record?.lastBatchAt ?? null,
    last_problem: record?.lastProblem ?? null,
    last_problem_at: record?.lastProblemAt ?? null,
    lease: lease?.held === true ? { holder: lease.holder, expires_at: lease.expiresAt } : null,
  };
}

export function renderSources(
  statuses: readonly SourceStatus[],
  now: EpochMs,
  style: Style,
): string {
  return renderTable(
    [
      { title: 'SOURCE' },
      { title: 'KIND' },
      { title: 'BACKLOG', align: 'right' },
      { title: 'ROWS', align: 'right' },
      { title: 'DEAD LETTERS', align: 'right' },
      { title: 'WATERMARK (UTC)' },
      { title: 'LAST BATCH' },
      { title: 'NOTE' },
    ],
    statuses.map((status) => [
      status.source,
      status.kind,
      'error' in status.waiting ? '?' : formatInteger(status.waiting.entries),
      formatInteger(status.record?.rows ?? 0),
      lettersCell(status, style),
      watermarkOf(status)?.slice(0, 19).replace('T', ' ') ?? '-',
      lastBatch(status, now),
      noteOf(status, now),
    ]),
    style,
  );
}

function watermarkOf({ record }: SourceStatus): string | null {
  const us = record?.newestTimeUs ?? null;
  return us === null ? null : new Date(us / 1000).toISOString();
}

function lettersCell({ record }: SourceStatus, { colour }: Style): TableCell {
  const waiting = record?.waitingLetters ?? 0;
  return waiting === 0 ? '0' : { text: formatInteger(waiting), paint: colour.yellow };
}

function lastBatch({ record, lease }: SourceStatus, now: EpochMs): string {
  const at = record?.lastBatchAt ?? null;
  const when = at === null ? 'never' : formatRelative(Date.parse(at), now);
  return lease?.held === true ? `${when}, draining now: ${lease.holder}` : when;
}

function noteOf({ enabled, waiting, error, record }: SourceStatus, now: EpochMs): string {
  const problem = problemOf(record);
  return [
    ...(enabled ? [] : ['not enabled']),
    ...(error === null ? [] : [`does not run: ${error.message}`]),
    ...('error' in waiting ? [waiting.error.message] : []),
    ...((record?.lost ?? 0) === 0 ? [] : [`${formatInteger(record?.lost ?? 0)} lost`]),
    ...((record?.sameKey ?? 0) === 0
      ? []
      : [`${formatInteger(record?.sameKey ?? 0)} shared the key of another's row`]),
    // What keeps it from running is noted by the drain as well, after its code.
    ...(problem === null || isSame(problem.text, error)
      ? []
      : [`${formatRelative(problem.at, now)}: ${problem.text}`]),
  ].join('; ');
}

/** What a batch met is told until there is another; what kept it from running is over with the next batch. */
function problemOf(
  record: SourceStatus['record'],
): { readonly text: string; readonly at: EpochMs } | null {
  const [text, when] = [record?.lastProblem ?? null, record?.lastProblemAt ?? null];
  if (text === null || when === null) return null;
  const at = Date.parse(when);
  const isOver = Date.parse(record?.lastBatchAt ?? '') > at;
  return isOver && CODE.test(text) ? null : { text, at };
}

/** How the drain notes an error. */
const CODE = /^[A-Z_]+: /u;

function isSame(problem: string, error: SourceStatus['error']): boolean {
  return error !== null && problem.startsWith(`${error.code}: `);
}

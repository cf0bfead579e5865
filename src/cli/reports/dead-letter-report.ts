/** Dead letters as they are printed. */
import { countOf } from '../../domain/count.ts';
import type { EpochMs } from '../../domain/time/time-range.ts';
import type { Retried } from '../../jobs/drain/retry-letters.ts';
import { type DatasetResult, errorsOf, exitCodeOf } from '../../jobs/rotate-all.ts';
import type { countDeadLetters, DeadLetterRecord } from '../../ledger/dead-letters.ts';
import type { Report } from '../context.ts';
import { errorDocument } from '../terminal/errors.ts';
import { formatInteger, formatRelative, formatRows } from '../terminal/format.ts';
import type { Style } from '../terminal/style.ts';
import { renderTable } from '../terminal/table.ts';
import { showControls } from '../terminal/text-width.ts';

export function letterDocument(letter: DeadLetterRecord): Record<string, unknown> {
  return {
    id: Number(letter.id),
    source: letter.source,
    dataset: letter.dataset,
    key: letter.key,
    entry_id: letter.entryId,
    reason_code: letter.reasonCode,
    reason: letter.reason,
    state: letter.state,
    times_seen: letter.timesSeen,
    arrived_at: letter.arrivedAt,
    payload_bytes: letter.payload.length,
  };
}

export function renderLetters(
  letters: readonly DeadLetterRecord[],
  now: EpochMs,
  style: Style,
): string {
  if (letters.length === 0) return 'There are none.';
  return renderTable(
    [
      { title: 'ID', align: 'right' },
      { title: 'SOURCE' },
      { title: 'KEY' },
      { title: 'ARRIVED' },
      { title: 'STATE' },
      { title: 'REASON' },
    ],
    letters.map((letter) => [
      letter.id,
      letter.source,
      letter.entryId === null ? letter.key : `${letter.key} ${letter.entryId}`,
      formatRelative(Date.parse(letter.arrivedAt), now),
      letter.state,
      letter.reason,
    ]),
    style,
  );
}

export function renderCounts(counts: Awaited<ReturnType<typeof countDeadLetters>>): string {
  const waiting = counts.filter(({ state }) => state === 'waiting');
  if (waiting.length === 0) return '';
  const parts = waiting.map(
    ({ source, reasonCode, count }) => `${source} ${reasonCode} ${formatInteger(count)}`,
  );
  return `\n\nwaiting: ${parts.join(', ')}`;
}

export function renderLetter(letter: DeadLetterRecord, { colour }: Style): string {
  const lines: readonly (readonly [string, string])[] = [
    ['id', letter.id],
    ['source', `${letter.source} → ${letter.dataset}`],
    ['key', showControls(letter.key)],
    ['entry', letter.entryId ?? '-'],
    ['arrived', letter.arrivedAt],
    ['state', `${letter.state}, seen ${countOf(letter.timesSeen, 'time')}`],
    ['reason', `${letter.reasonCode}: ${letter.reason}`],
    ['payload', JSON.stringify(JSON.parse(letter.payload.toString('utf8')), null, 2)],
  ];
  return lines.map(([name, value]) => `${colour.bold(name.padEnd(8))} ${value}`).join('\n');
}

export function reportRetries(results: readonly DatasetResult<Retried>[]): Report {
  return {
    json: {
      sources: results.map((result) =>
        'error' in result
          ? { source: result.dataset, ...errorDocument(result.error) }
          : { source: result.dataset, ...result.outcome },
      ),
    },
    text: () =>
      results
        .flatMap((result) =>
          'outcome' in result
            ? [
                `${result.dataset}: ${formatRows(result.outcome.written)} written, ${formatInteger(result.outcome.refused)} wait on`,
              ]
            : [],
        )
        .join('\n'),
    failures: errorsOf(results),
    exitCode: exitCodeOf(results, ({ refused }) => (refused === 0 ? 'done' : 'partly')),
  };
}

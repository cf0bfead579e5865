/** What a drain would do, and what it did, as it is printed. */
import { agree, countOf } from '../../domain/count.ts';
import type { SameKey } from '../../domain/drain/source.ts';
import type { DrainPreview, PreviewedEntry } from '../../jobs/drain/preview.ts';
import type { DrainTotals } from '../../jobs/drain/totals.ts';
import type { DatasetResult } from '../../jobs/rotate-all.ts';
import { errorsOf, exitCodeOf, outcomesOf } from '../../jobs/rotate-all.ts';
import type { Report } from '../context.ts';
import { errorDocument } from '../terminal/errors.ts';
import { formatInteger, formatRows } from '../terminal/format.ts';
import type { Style } from '../terminal/style.ts';
import { renderTable } from '../terminal/table.ts';
import type { LeftOut } from './left-out.ts';
import { documentsOf, reportOutcomes } from './results.ts';

const STAYS: Readonly<Record<SameKey, string>> = {
  last: 'the last stays',
  first: 'the first stays',
  error: 'the first stays, the others become dead letters',
};

export function reportDrains(
  results: readonly DatasetResult<DrainTotals>[],
  leftOut: readonly LeftOut[] = [],
): Report {
  return reportOutcomes(results, leftOut, {
    items: 'sources',
    documentOf: totalsDocument,
    render: renderTotals,
    wholenessOf: () => 'done',
  });
}

function totalsDocument(totals: DrainTotals): unknown {
  return {
    source: totals.source,
    dataset: totals.dataset,
    entries: totals.entries,
    rows: totals.rows,
    dead_letters: totals.deadLetters,
    flagged: totals.flagged,
    repeated: totals.repeated,
    same_key: totals.sameKey,
    lost: totals.lost,
    batches: totals.batches,
    bytes: totals.bytes,
    newest: totals.newestTimeUs === null ? null : isoOf(totals.newestTimeUs),
  };
}

function renderTotals(totals: DrainTotals, { colour }: Style): string {
  const { source, dataset, entries, rows, deadLetters, flagged, repeated, sameKey, lost } = totals;
  if (entries + lost === 0) return `${colour.green('done')} ${source}: nothing was waiting`;
  const notes = [
    ...(deadLetters === 0 ? [] : [colour.yellow(countOf(deadLetters, 'dead letter'))]),
    ...(flagged === 0 ? [] : [`${formatInteger(flagged)} flagged`]),
    ...(repeated === 0
      ? []
      : [`${formatInteger(repeated)} that ${agree(repeated, 'was', 'were')} known already`]),
    ...(sameKey === 0
      ? []
      : [
          colour.yellow(
            `${formatInteger(sameKey)} that ${agree(sameKey, 'shares', 'share')} the key of another's row`,
          ),
        ]),
    ...(lost === 0 ? [] : [colour.red(`${formatInteger(lost)} lost before they were drained`)]),
  ];
  return `${colour.green('done')} ${source}: ${formatRows(rows)} into ${dataset}${notes.map((note) => `, ${note}`).join('')}`;
}

export function reportPreviews(results: readonly DatasetResult<DrainPreview>[]): Report {
  // A drain would refuse it: so does its rehearsal, after it has shown what there is.
  const asRun = results.map(
    (result): DatasetResult<DrainPreview> =>
      'outcome' in result && result.outcome.refusal !== null
        ? { dataset: result.dataset, error: result.outcome.refusal }
        : result,
  );
  return {
    json: { sources: documentsOf(results, previewDocument, 'source') },
    text: (style) =>
      outcomesOf(results)
        .map((preview) => renderPreview(preview, style))
        .join('\n\n'),
    failures: errorsOf(asRun),
    exitCode: exitCodeOf(asRun, () => 'done'),
  };
}

function previewDocument(preview: DrainPreview): unknown {
  const { source, dataset, kind, keys, entries, uniqueKey, sameKey, columns, sample } = preview;
  const { refusal, notes } = preview;
  return {
    source,
    dataset,
    kind,
    keys,
    entries,
    unique_key: uniqueKey,
    same_key: sameKey,
    ...(refusal === null ? {} : errorDocument(refusal)),
    notes,
    sample: sample.map((entry) => ({
      key: entry.key,
      id: entry.id,
      ...('row' in entry
        ? { row: Object.fromEntries(columns.map((column, at) => [column, entry.row[at] ?? null])) }
        : { dead_letter: entry.reason }),
    })),
  };
}

function renderPreview(preview: DrainPreview, style: Style): string {
  const { source, dataset, kind, keys, entries, uniqueKey, sameKey, columns, sample } = preview;
  const known =
    uniqueKey === null
      ? 'by their ids'
      : `by (${uniqueKey.join(', ')})${sameKey === null ? '' : `; of several with one key: ${STAYS[sameKey]}`}`;
  const where = kind === 'snapshot' ? 'stays in Redis' : 'leaves Redis';
  const notes = preview.notes
    .map((note) => `\n${style.colour.yellow('doubtful')} ${note}`)
    .join('');
  const head = `${style.colour.bold(source)} (${kind}, ${where}): ${countOf(entries, 'entry', 'entries')} in ${countOf(keys, 'key')} → ${dataset}, known again ${known}${notes}`;
  if (sample.length === 0) return head;
  const rows = sample.map((entry) => [entry.key, ...cellsOf(entry, columns.length, style)]);
  return `${head}\n${renderTable([{ title: 'KEY' }, ...columns.map((title) => ({ title }))], rows, style)}`;
}

function cellsOf(
  entry: PreviewedEntry,
  columns: number,
  { colour }: Style,
): (string | { text: string; paint: (text: string) => string })[] {
  if ('row' in entry) return entry.row.map((value) => value ?? '');
  const letter = { text: `dead letter: ${entry.reason.text}`, paint: colour.yellow };
  return [letter, ...new Array<string>(Math.max(0, columns - 1)).fill('')];
}

function isoOf(us: number): string {
  return new Date(us / 1000).toISOString();
}

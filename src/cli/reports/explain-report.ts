/** What a query would read, for a person and for a program. */
import { countOf } from '../../domain/count.ts';
import { type LakePrice, priceOf } from '../../domain/lake/lake-price.ts';
import { formatSnapshotVersion } from '../../domain/lake/snapshot-version.ts';
import type { FetchEstimate } from '../../lake/segment-files.ts';
import type { AggregatedPlan, DatasetPlan } from '../../query/query-plan.ts';
import type { QuerySummary } from '../../query/query-request.ts';
import { FEW_ROWS } from '../../query/stores.ts';
import type { Report } from '../context.ts';
import { formatBytes, formatInteger, formatRows } from '../terminal/format.ts';

/** @param price null: nothing is said of costs */
export function explainReport(
  { plan, version, notes, waiting }: QuerySummary,
  price: LakePrice | null,
): Report {
  const datasets = plan ?? [];
  const cost = price === null ? null : costOf(datasets, price);
  const at = formatSnapshotVersion(version);
  return {
    json: { version: at, datasets, cost, notes, live: waiting },
    text: ({ colour }) =>
      [
        ...datasets.flatMap((one) => [
          colour.bold(one.dataset),
          ...cold(one),
          ...hot(one),
          ...unlike(one),
        ]),
        ...waiting.map(
          ({ source, entries, place }) =>
            `${colour.bold(`live.${source}`)}  about ${countOf(entries, 'entry', 'entries')} at ${place}, read beside the snapshot, not within it`,
        ),
        ...(cost === null ? [] : [costLine(cost)]),
        ...(datasets.length + waiting.length === 0 ? ['no dataset is read'] : []),
        ...notes.map((note) => `${colour.yellow('note')} ${note}`),
        colour.dim(`nothing was read, at version ${at}`),
      ].join('\n'),
  };
}

interface Cost {
  readonly amount: number;
  readonly currency: string | null;
  readonly isExact: boolean;
}

/** Null where nothing lies in a bucket. */
function costOf(datasets: readonly DatasetPlan[], price: LakePrice): Cost | null {
  const fetches = datasets.flatMap(({ cold: found }) => found?.fetch ?? []);
  if (fetches.length === 0) return null;
  return {
    amount: fetches.reduce((sum, one) => sum + priceOf(price, one), 0),
    currency: price.currency,
    isExact: fetches.every(({ isExact }) => isExact),
  };
}

const AMOUNT = new Intl.NumberFormat('en', { maximumSignificantDigits: 3 });

function costLine({ amount, currency, isExact }: Cost): string {
  const unit = currency === null ? '' : ` ${currency}`;
  return `at the configured price ${isExact ? '' : 'about '}${AMOUNT.format(amount)}${unit}`;
}

function fetchLine({ requests, bytes, isExact }: FetchEstimate): string {
  const about = isExact ? '' : 'about ';
  return `        of the bucket ${about}${formatBytes(bytes)} in ${about}${countOf(requests, 'request')}`;
}

function unlike({ differences }: DatasetPlan): string[] {
  return differences.map(
    ({ column, postgresType, what }, index) =>
      `${index === 0 ? '  note  ' : '        '}${column}, ${postgresType}, ${what}`,
  );
}

function cold({ cold: found }: DatasetPlan): string[] {
  if (found === null) return [];
  const { live, prunedByTime, timeColumn, prunedByColumns, columns, read, rows, bytes, fetch } =
    found;
  return [
    `  cold  ${formatInteger(read)} of ${formatInteger(live)} segments: ${formatRows(rows)}, at most ${formatBytes(bytes)}`,
    ...(prunedByTime === 0
      ? []
      : [
          `        ${formatInteger(prunedByTime)} ruled out by the first and last instant of ${timeColumn ?? ''}`,
        ]),
    ...(prunedByColumns === 0
      ? []
      : [
          `        ${formatInteger(prunedByColumns)} ruled out by what is known of the values of ${columns.join(', ')}`,
        ]),
    ...(fetch === null ? [] : [fetchLine(fetch)]),
  ];
}

function hot({ hot: found }: DatasetPlan): string[] {
  if (found === null) return [];
  const { table, columns, condition, estimatedRows, aggregated, notAggregated } = found;
  if (aggregated.length > 0)
    return aggregated.flatMap((one) => aggregates(table, one, estimatedRows));
  return [
    `  hot   ${table}: about ${formatRows(estimatedRows)}, columns ${columns.join(', ')}`,
    `        where ${condition}`,
    ...(notAggregated === null ? [] : [`        fetched as rows: ${notAggregated}`]),
  ];
}

function aggregates(table: string, one: AggregatedPlan, rows: number): string[] {
  const by = one.keys.length === 0 ? '' : ` by ${one.keys.join(', ')}`;
  const what = one.aggregates.length === 0 ? 'groups' : one.aggregates.join(', ');
  return [
    `  hot   ${table}: about ${formatRows(rows)}, aggregated by PostgreSQL to about ${formatRows(one.estimatedRows)}`,
    `        ${what}${by}`,
    `        where ${one.condition}`,
    `        fetched as rows instead where there are no more than ${formatInteger(FEW_ROWS)}`,
  ];
}

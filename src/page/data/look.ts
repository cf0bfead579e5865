/** What somebody wants to see of a dataset, and how that is asked for. Pure. */
import type { AskableDataset } from './datasets-document.ts';

/** Which row of prices: of each column of the key but the time, one value. */
export type Key = Readonly<Record<string, string>>;

export interface Look {
  readonly dataset: string;
  readonly key: Key;
  /** The column that is drawn; null: the bars that the table has. */
  readonly price: string | null;
  /** Milliseconds since 1970, half-open. */
  readonly from: number;
  readonly to: number;
}

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;

export const TIMEFRAMES = [
  { name: '1m', ms: MINUTE_MS },
  { name: '5m', ms: 5 * MINUTE_MS },
  { name: '15m', ms: 15 * MINUTE_MS },
  { name: '1h', ms: 60 * MINUTE_MS },
  { name: '1d', ms: DAY_MS },
] as const;

export type Timeframe = (typeof TIMEFRAMES)[number];

export const SPANS = [
  { label: '1 day', ms: DAY_MS },
  { label: '7 days', ms: 7 * DAY_MS },
  { label: '31 days', ms: 31 * DAY_MS },
  { label: '1 year', ms: 366 * DAY_MS },
] as const;

/** As many bars as a screen can tell apart. */
const MOST_BARS = 800;

/** The finest that is not too many; of a table of days, days. */
export function timeframeOf(
  dataset: AskableDataset,
  { from, to }: Pick<Look, 'from' | 'to'>,
): Timeframe {
  const days = TIMEFRAMES[TIMEFRAMES.length - 1] as Timeframe;
  if (dataset.time_kind === 'date') return days;
  return TIMEFRAMES.find(({ ms }) => (to - from) / ms <= MOST_BARS) ?? days;
}

/** The columns of its key that have to be chosen. */
export function keyColumns({ unique_key, time_column }: AskableDataset): readonly string[] {
  return unique_key.filter((name) => name !== time_column);
}

const PRICES = ['open', 'high', 'low', 'close'];
const NUMBER = /^(U?(TINY|SMALL|BIG|HUGE)?INT(EGER)?|FLOAT|DOUBLE|DECIMAL\b.*)$/;

/** What can be drawn: null for its own bars, first, where it has them. */
export function drawable({
  columns,
  time_column,
  unique_key,
}: AskableDataset): readonly (string | null)[] {
  const numbers = columns
    .filter(
      ({ name, type }) => NUMBER.test(type) && name !== time_column && !unique_key.includes(name),
    )
    .map(({ name }) => name);
  return PRICES.every((name) => numbers.includes(name)) ? [null, ...numbers] : numbers;
}

/** The last of its rows, and so long before. */
export function lastSpan(dataset: AskableDataset, ms: number): Pick<Look, 'from' | 'to'> | null {
  const newest = shades(dataset).map(({ to }) => to);
  if (newest.length === 0) return null;
  const to = (Math.floor(Math.max(...newest) / DAY_MS) + 1) * DAY_MS;
  return { from: to - ms, to };
}

export function barsPath(look: Look, timeframe: Timeframe): string {
  const search = new URLSearchParams({
    timeframe: timeframe.name,
    from: new Date(look.from).toISOString(),
    to: new Date(look.to).toISOString(),
    format: 'ndjson',
    ...(look.price === null ? {} : { price: look.price }),
  });
  for (const [column, value] of Object.entries(look.key)) search.append(asParameter(column), value);
  return `/v1/datasets/${encodeURIComponent(look.dataset)}/bars?${search.toString()}`;
}

/** The latest rows, for the values that their keys have. */
export function latestPath({ dataset, ...more }: AskableDataset): string {
  const columns = new URLSearchParams(
    keyColumns({ dataset, ...more }).map((column): [string, string] => ['columns', column]),
  );
  return `/v1/datasets/${encodeURIComponent(dataset)}/latest?limit=1000&format=ndjson&${columns.toString()}`;
}

const PARAMETERS = ['timeframe', 'from', 'to', 'tz', 'price', 'volume', 'by', 'format'];

function asParameter(column: string): string {
  return PARAMETERS.includes(column) || column.startsWith('eq.') ? `eq.${column}` : column;
}

/** Where each store has rows, in milliseconds; of those that have some. */
export function shades(dataset: AskableDataset): readonly Shade[] {
  const stores = { cold: dataset.cold, hot: dataset.hot };
  return (['cold', 'hot'] as const)
    .map((store) => ({
      store,
      from: timeOf(stores[store].oldest),
      to: timeOf(stores[store].newest),
    }))
    .filter(({ from, to }) => Number.isFinite(from) && Number.isFinite(to));
}

export interface Shade {
  readonly store: 'cold' | 'hot';
  readonly from: number;
  readonly to: number;
}

/** An endless time is none that can be drawn. */
function timeOf(text: string | null): number {
  return text === null ? Number.NaN : Date.parse(text);
}

/** Open, high, low, close and volume of each stretch of time. */
import type { BarsAsk } from '../../domain/ask/structured-ask.ts';
import { quoteName } from '../sql/sql-text.ts';
import { firstOf, lastOf, NUMERIC } from './aggregate-function.ts';
import { type CompiledAsk, conditionsOf, Parameters, whereOf } from './compiled.ts';
import { columnNamed, type DatasetShape, invalid, timeColumnOf } from './dataset-shape.ts';
import { timeBucket } from './time-bucket.ts';

export function compileBars(shape: DatasetShape, ask: BarsAsk): CompiledAsk {
  assertOneSeries(shape, ask);
  const parameters = new Parameters();
  const conditions = conditionsOf(shape, ask, parameters);
  const { key, start, condition } = timeBucket(shape, ask.timeframe, ask.timeZone, parameters);
  const by = [...new Set(ask.by)].map((name) => columnNamed(shape, name, 'by').name);
  const columns = priceColumns(shape, ask);
  const read = [...new Set([timeColumnOf(shape).name, ...shape.key, ...by, ...columns.all])];
  const groups = by.map(quoteName);
  const measures = [
    `${firstOf(shape, columns.open)} as "tierd open"`,
    `max(${quoteName(columns.high)}) as "tierd high"`,
    `min(${quoteName(columns.low)}) as "tierd low"`,
    `${lastOf(shape, columns.close)} as "tierd close"`,
    ...(columns.volume === null ? [] : [`sum(${quoteName(columns.volume)}) as "tierd volume"`]),
  ];
  const named = ['open', 'high', 'low', 'close', ...(columns.volume === null ? [] : ['volume'])];
  const inner = `select ${read.map(quoteName).join(', ')} from ${quoteName(shape.name)}${whereOf(conditions)}`;
  const grouped =
    `select ${[`${key} as bucket`, ...groups, ...measures, 'count(*) as "tierd rows"'].join(', ')}` +
    ` from (${inner}) as source where ${condition} group by ${['bucket', ...groups].join(', ')}`;
  const outer = [
    `${start} as time`,
    ...groups,
    ...[...named, 'rows'].map((name) => `"tierd ${name}" as ${quoteName(name)}`),
  ];
  const sql = `select ${outer.join(', ')} from (${grouped}) as bars order by ${['bucket', ...groups].join(', ')}`;
  return { sql, parameters: parameters.values, page: null };
}

/** One series has one open: rows of several must not be mixed unseen. */
function assertOneSeries(shape: DatasetShape, { filters, by }: BarsAsk): void {
  const mixed = shape.key.filter(
    (name) =>
      name !== shape.time.name &&
      !by.includes(name) &&
      !filters.some(({ column, values }) => column === name && values.length === 1),
  );
  const [first] = mixed;
  if (first === undefined) return;
  throw invalid(
    `bars of ${shape.name} would mix the rows of different ${mixed.join(', ')}. Nothing was read.`,
    `Give one value of each (${first}=…), or bars apart for each (by=${mixed.join(',')}).`,
  );
}

interface PriceColumns {
  readonly open: string;
  readonly high: string;
  readonly low: string;
  readonly close: string;
  readonly volume: string | null;
  readonly all: readonly string[];
}

function priceColumns(shape: DatasetShape, { price, volume }: BarsAsk): PriceColumns {
  const has = (name: string): boolean => shape.columns.some((column) => column.name === name);
  if (price === null && !['open', 'high', 'low', 'close'].every(has)) {
    throw invalid(
      `bars: ${shape.name} has not all of the columns open, high, low and close. Nothing was read.`,
      `Name the column that they are made of (price=…). Its columns are ${shape.columns.map(({ name }) => name).join(', ')}.`,
    );
  }
  const column = (name: string): string =>
    measured(shape, price ?? name, price === null ? 'bars' : 'price');
  const [open, high, low, close] = [column('open'), column('high'), column('low'), column('close')];
  const counted = volume ?? (has('volume') ? 'volume' : null);
  const chosen = counted === null ? null : measured(shape, counted, 'volume');
  const all = [open, high, low, close, ...(chosen === null ? [] : [chosen])];
  return { open, high, low, close, volume: chosen, all };
}

/** A text would compare letter by letter: `'10' < '9'`. */
function measured(shape: DatasetShape, name: string, parameter: string): string {
  const { type } = columnNamed(shape, name, parameter);
  if (NUMERIC.test(type)) return name;
  throw invalid(
    `${parameter}: the column ${name} is ${type} in an answer, which is no number. Nothing was read.`,
    'A numeric without a precision is held as text: see docs/types.md; in SQL it can be cast.',
  );
}

/** Figures of groups of rows. */
import type { AggregateAsk } from '../../domain/ask/structured-ask.ts';
import { quoteName } from '../sql/sql-text.ts';
import { aggregateFunction } from './aggregate-function.ts';
import { type CompiledAsk, conditionsOf, Parameters, whereOf } from './compiled.ts';
import { columnNamed, type DatasetShape, timeColumnOf } from './dataset-shape.ts';
import { timeBucket } from './time-bucket.ts';

export function compileAggregate(shape: DatasetShape, ask: AggregateAsk): CompiledAsk {
  const parameters = new Parameters();
  const conditions = conditionsOf(shape, ask, parameters);
  const by = [...new Set(ask.by)].map((name) => columnNamed(shape, name, 'by').name);
  const functions = ask.functions.map((typed) => aggregateFunction(shape, typed));
  const bucket =
    ask.timeframe === null ? null : timeBucket(shape, ask.timeframe, ask.timeZone, parameters);
  const taken = functions.flatMap(({ column }) => (column === null ? [] : [column]));
  const read = [...new Set([timeColumnOf(shape).name, ...shape.key, ...by, ...taken])];
  const groups = [...(bucket === null ? [] : ['bucket']), ...by.map(quoteName)];
  const measures = functions.map(
    ({ sql }, index) => `${sql} as ${quoteName(`tierd ${String(index)}`)}`,
  );
  const inner = `select ${read.map(quoteName).join(', ')} from ${quoteName(shape.name)}${whereOf(conditions)}`;
  const grouped =
    `select ${[...(bucket === null ? [] : [`${bucket.key} as bucket`]), ...by.map(quoteName), ...measures].join(', ')}` +
    ` from (${inner}) as source${whereOf(bucket === null ? [] : [bucket.condition])}` +
    (groups.length === 0 ? '' : ` group by ${groups.join(', ')}`);
  const outer = [
    ...(bucket === null ? [] : [`${bucket.start} as time`]),
    ...by.map(quoteName),
    ...functions.map(
      ({ name }, index) => `${quoteName(`tierd ${String(index)}`)} as ${quoteName(name)}`,
    ),
  ];
  const sql =
    `select ${outer.join(', ')} from (${grouped}) as groups` +
    (groups.length === 0 ? '' : ` order by ${groups.join(', ')}`);
  return { sql, parameters: parameters.values, page: null };
}

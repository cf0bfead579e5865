/** Which files an export is cut into: the years, months or days that have rows, and the values of columns. */
import { foldersOf } from '../../domain/ask/export-files.ts';
import type { CalendarUnit, PartsAsk } from '../../domain/ask/structured-ask.ts';
import { quoteName } from '../sql/sql-text.ts';
import { type CompiledAsk, conditionsOf, Parameters, whereOf } from './compiled.ts';
import { columnNamed, type DatasetShape, invalid, type ShapeColumn } from './dataset-shape.ts';
import { instantOf } from './time-bucket.ts';

/** A year and all that is finer than it; what is no time of a calendar has its name, as `infinity`. */
const FORMATS: Readonly<Record<CalendarUnit, string>> = {
  year: '%Y',
  month: '%Y-%m',
  day: '%Y-%m-%d',
};

const HAVE_ONE_TEXT =
  /^(VARCHAR|SMALLINT|INTEGER|UINTEGER|BIGINT|UBIGINT|BOOLEAN|DATE|UUID|DECIMAL\(.*\))$/;

/** A row for each file: `time` where there is a unit, `value 0`, `value 1`, … as texts, and `rows`. */
export function compileParts(shape: DatasetShape, ask: PartsAsk): CompiledAsk {
  assertNotTaken(shape, ask.unit);
  const parameters = new Parameters();
  const conditions = conditionsOf(shape, { ...ask, filters: [] }, parameters);
  const by = ask.by.map((name) => columnOf(shape, name));
  const keys = [
    ...(ask.unit === null
      ? []
      : [`strftime(${instantOf(shape)}, '${FORMATS[ask.unit]}') as "time"`]),
    ...by.map(({ name }, index) => `${quoteName(name)}::varchar as "value ${String(index)}"`),
  ];
  const numbers = keys.map((_, index) => String(index + 1)).join(', ');
  const sql =
    `select ${keys.join(', ')}, count(*) as "rows" from ${quoteName(shape.name)}${whereOf(conditions)}` +
    ` group by ${numbers} order by ${numbers} limit ${String(ask.limit)}`;
  return { sql, parameters: parameters.values, page: null };
}

function columnOf(shape: DatasetShape, name: string): ShapeColumn {
  const column = columnNamed(shape, name, '--partition-by');
  if (HAVE_ONE_TEXT.test(column.type)) return column;
  throw invalid(
    `--partition-by: values of ${column.name}, which are of the type ${column.postgresType}, make no folder's name. Nothing was read.`,
    'Partition by year, month or day, or by a column of texts, whole numbers, days or booleans.',
  );
}

/** A reader takes a folder's value for the column of its name. */
function assertNotTaken(shape: DatasetShape, unit: CalendarUnit | null): void {
  const taken = foldersOf(unit).find((name) =>
    shape.columns.some((column) => column.name.toLowerCase() === name),
  );
  if (taken === undefined || unit === null) return;
  throw invalid(
    `--partition-by ${unit}: ${shape.name} has a column ${JSON.stringify(taken)}, and readers would take the folders' ${taken} for it. Nothing was read.`,
    'Partition by other columns, or leave --partition-by out.',
  );
}

/**
 * Whether a statement gives the same answer whenever it sees the same rows. By a list of what does: what is
 * not on it (clocks, chance, settings, samples, whatever a later engine brings) is asked each time.
 */
import { type AstObject, type AstValue, foldName, isObject, textIn } from '../sql/sql-ast.ts';

const FUNCTIONS: ReadonlySet<string> = new Set([
  ...['+', '-', '*', '/', '//', '%', '**', '||', '~~', '!~~', '~~*', '!~~*', '&', '|', '<<', '>>'],
  ...['abs', 'ceil', 'floor', 'round', 'trunc', 'sign', 'sqrt', 'ln', 'log', 'exp', 'power', 'pow'],
  ...['coalesce', 'nullif', 'ifnull', 'greatest', 'least', 'row', 'struct_pack', 'list_value'],
  ...['lower', 'upper', 'trim', 'ltrim', 'rtrim', 'substring', 'substr', 'left', 'right', 'length'],
  ...['replace', 'concat', 'concat_ws', 'starts_with', 'contains', 'strftime', 'regexp_matches'],
  ...['date_trunc', 'date_part', 'time_bucket', 'timezone', 'epoch', 'epoch_ms', 'epoch_us'],
  ...['year', 'month', 'day', 'hour', 'minute', 'make_date', 'make_timestamp', 'make_timestamptz'],
  ...['to_days', 'to_hours', 'to_minutes', 'to_seconds', 'to_months', 'to_years', 'to_weeks'],
  ...['isfinite', 'isnan', 'isinf', 'json_extract', 'json_extract_string', '->', '->>'],
  ...['count', 'count_star', 'sum', 'avg', 'min', 'max', 'arg_min', 'arg_max', 'first', 'last'],
  ...['median', 'quantile_cont', 'quantile_disc', 'stddev', 'stddev_samp', 'var_samp', 'corr'],
  ...['string_agg', 'list', 'array_agg', 'bool_and', 'bool_or', 'any_value', 'mode'],
  ...['row_number', 'rank', 'dense_rank', 'ntile', 'lag', 'lead', 'first_value', 'last_value'],
]);

/** They parse as names of columns, and are clocks and settings where there is no such column. */
const NAMES =
  /^(current_.*|local.*|session_.*|user|today|now|get_.*|transaction_timestamp|uuid|random)$/;

export function isRepeatable(statement: AstValue | undefined): boolean {
  if (Array.isArray(statement)) return (statement as readonly AstValue[]).every(isRepeatable);
  if (!isObject(statement)) return true;
  return isNodeRepeatable(statement) && Object.values(statement).every(isRepeatable);
}

function isNodeRepeatable(node: AstObject): boolean {
  if (isObject(node['sample'])) return false;
  // Tables that are made by functions, and what tells of the catalogue.
  if (node['type'] === 'TABLE_FUNCTION' || node['type'] === 'SHOW_REF') return false;
  const called = node['function_name'];
  if (called !== undefined && !FUNCTIONS.has(foldName(textIn(called)))) return false;
  if (node['class'] !== 'COLUMN_REF') return true;
  const names = node['column_names'];
  const isBare = Array.isArray(names) && names.length === 1;
  return !(isBare && NAMES.test(foldName(textIn((names as readonly AstValue[])[0]))));
}

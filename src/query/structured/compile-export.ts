/** The rows of an export's file. */
import type { ExportAsk, ExportPart } from '../../domain/ask/structured-ask.ts';
import { quoteName } from '../sql/sql-text.ts';
import { type CompiledAsk, conditionsOf, Parameters, whereOf } from './compiled.ts';
import { columnNamed, type DatasetShape } from './dataset-shape.ts';

export function compileExport(shape: DatasetShape, ask: ExportAsk): CompiledAsk {
  const parameters = new Parameters();
  const names = ask.columns ?? shape.columns.map(({ name }) => name);
  const shown = [...new Set(names)].map((name) => columnNamed(shape, name, '--columns').name);
  const sorted = ask.sortBy.filter((name) => shape.columns.some((column) => column.name === name));
  const conditions = [
    ...conditionsOf(shape, { ...ask, filters: [] }, parameters),
    ...(ask.part === null ? [] : conditionsOfPart(shape, ask.part, parameters)),
  ];
  const order = sorted.length === 0 ? '' : ` order by ${sorted.map(quoteName).join(', ')}`;
  const sql = `select ${shown.map(quoteName).join(', ')} from ${quoteName(shape.name)}${whereOf(conditions)}${order}`;
  return { sql, parameters: parameters.values, page: null };
}

function conditionsOfPart(
  shape: DatasetShape,
  part: ExportPart,
  parameters: Parameters,
): readonly string[] {
  const filters = part.values.flatMap(({ column, value }) =>
    value === null ? [] : [{ column, values: [value] }],
  );
  const nulls = part.values.filter(({ value }) => value === null);
  return [
    ...conditionsOf(shape, { ...part, filters }, parameters),
    ...nulls.map(({ column }) => `${quoteName(column)} is null`),
  ];
}

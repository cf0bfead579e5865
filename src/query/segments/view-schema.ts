/**
 * The columns of a dataset whose table changed while it was rotated: every column that any live
 * segment has, of a type that holds the values of all of them exactly.
 */
import { reconcileTypes } from '../../domain/columns/reconcile-types.ts';
import { TierdError } from '../../domain/errors.ts';
import { TIME_COLUMN_HINT } from '../../domain/lake/time-of-segments.ts';
import { foldName } from '../sql/sql-ast.ts';
import type { ColdDataset, ColdSchema } from './cold-catalog.ts';

/** Name → DuckDB type, in the order of the newest table, columns that it dropped last. */
export type ViewSchema = ReadonlyMap<string, string>;

/** Of these names, those that may be asked for. */
export type NeededOf = (names: readonly string[]) => readonly string[];

/**
 * A column of which no type holds all values exactly is left out where nobody asks for it.
 *
 * @throws TierdError COLUMN_TYPE_CHANGED for such a column that is needed; TIME_COLUMN_CHANGED when segments would be
 *   left out by the times of another column
 */
export function viewSchemaOf(
  dataset: ColdDataset,
  neededOf: NeededOf = (names) => names,
): ViewSchema {
  if (dataset.isTimedOtherwise === true) throw timeColumnChanged(dataset);
  const view = new Map<
    string,
    { name: string; type: string; schema: ColdSchema; isHeldAsText: boolean }
  >();
  const unlike = new Map<string, TierdError>();
  for (const schema of dataset.schemas.toReversed()) {
    for (const { name, duckdbType: fileType, viewType = fileType } of schema.columns) {
      const known = view.get(foldName(name));
      const isHeldAsText = fileType === 'VARCHAR';
      if (known === undefined) {
        view.set(foldName(name), { name, type: viewType, schema, isHeldAsText });
        continue;
      }
      known.isHeldAsText &&= isHeldAsText;
      // Where all of it is text, text holds it, whatever its types were.
      const type = reconcileTypes(known.type, viewType) ?? (known.isHeldAsText ? 'VARCHAR' : null);
      if (type === null) {
        unlike.set(known.name, typeChanged(dataset.name, known, { type: viewType, schema }));
        continue;
      }
      known.type = type;
    }
  }
  const needed = neededOf([...unlike.keys()]);
  for (const [name, error] of unlike) {
    if (needed.includes(name) || name === dataset.timeColumn?.name) throw error;
  }
  const readable = [...view.values()].filter(({ name }) => !unlike.has(name));
  return new Map(readable.map(({ name, type }) => [name, type]));
}

function typeChanged(
  dataset: string,
  newer: { readonly name: string; readonly type: string; readonly schema: ColdSchema },
  older: { readonly type: string; readonly schema: ColdSchema },
): TierdError {
  const count = ({ segments, exampleKey }: ColdSchema) =>
    segments === 0
      ? `the table ${exampleKey}`
      : `${String(segments)} segment${segments === 1 ? '' : 's'} such as ${exampleKey}`;
  return new TierdError({
    code: 'COLUMN_TYPE_CHANGED',
    message:
      `Column "${newer.name}" of dataset ${dataset} is ${newer.type} in ${count(newer.schema)} ` +
      `and ${older.type} in ${count(older.schema)}; no type holds both exactly. Nothing was read.`,
    hint: `What doesn't name ${newer.name} is answered. To read it, make a table with the columns as they were, bring the older rows into it (\`tierd restore ${dataset} --from … --to … --into …\`), insert them from there into the dataset's own table, and rotate: they replace those of the lake by their key. Or query the two groups of segments apart with any engine that reads Parquet.`,
    context: { dataset, column: newer.name, types: [newer.type, older.type] },
  });
}

function timeColumnChanged({ name, timeColumn }: ColdDataset): TierdError {
  return new TierdError({
    code: 'TIME_COLUMN_CHANGED',
    message: `Segments of dataset ${name} were written by the times of another column than ${String(timeColumn?.name)}, or in another unit. Nothing was read.`,
    hint: TIME_COLUMN_HINT,
    context: { dataset: name },
  });
}

/** The rows of the sources that a query names, copied into the engine before it is shut off. */

import type { Engine } from '../engine.ts';
import { selectList } from '../hot/hot-rows.ts';
import { StagedRows } from '../hot/staged-rows.ts';
import { emptyQuery } from '../segments/empty-query.ts';
import { columnOf } from '../segments/query-column.ts';
import { type ViewSchema, viewSchemaOf } from '../segments/view-schema.ts';
import type { HotTable } from '../stores.ts';

export interface LoadedSource {
  readonly name: string;
  readonly schema: ViewSchema;
  /** A SELECT with the columns of `schema`. */
  readonly query: string;
}

export async function loadLive(
  engine: Engine,
  columnsOnly: boolean,
  tables: ReadonlyMap<string, HotTable>,
): Promise<readonly LoadedSource[]> {
  const loaded: LoadedSource[] = [];
  for (const [name, table] of tables) {
    const { columns } = table;
    const schema = viewSchemaOf({
      name,
      timeColumn: null,
      schemas: [{ columns: columns.map(columnOf), segments: 0, exampleKey: table.table }],
    });
    if (columnsOnly) {
      loaded.push({ name, schema, query: emptyQuery(schema) });
      continue;
    }
    const staged = new StagedRows(engine, `live${String(loaded.length)}`, columns);
    const rows = await table.read({
      columns,
      hull: { fromInclusiveUs: null, toInclusiveUs: null },
      predicate: { kind: 'any' },
      onBatch: staged.append,
    });
    staged.close();
    const query = `select ${selectList(schema, columns, columns)} from ${staged.table}`;
    loaded.push({ name, schema, query: rows === 0 ? emptyQuery(schema) : query });
  }
  return loaded;
}

/** A structured question to a real PostgreSQL and a real lake. */
import type pg from 'pg';
import type { AskOfDataset } from '../../src/domain/ask/structured-ask.ts';
import type { Dataset } from '../../src/domain/dataset.ts';
import { compileAsk } from '../../src/query/structured/compile-ask.ts';
import { readShape } from '../../src/query/structured/read-shape.ts';
import { askStores, type StoresAnswer } from './ask-stores.ts';
import type { Bench } from './rotation.ts';

export async function askStructured(
  bench: Pick<Bench, 'rooms' | 'directory'>,
  db: pg.Client,
  datasets: readonly Dataset[],
  ask: AskOfDataset,
): Promise<StoresAnswer> {
  const { sql, ...more } = compileAsk(await readShape(db, datasets, ask.dataset), ask);
  return askStores(bench, db, datasets, sql, more);
}

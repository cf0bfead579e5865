/** How many hot rows a condition is true of: asked as a query is, so that it means the same on both sides. */
import type pg from 'pg';
import type { Dataset } from '../../domain/dataset.ts';
import type { Clock } from '../../domain/time/clock.ts';
import { type EngineLimits, openEngine } from '../engine.ts';
import { postgresStores } from '../postgres-stores.ts';
import { queryLake } from '../query-lake.ts';

export interface HotCounting {
  /** Of its own, in no transaction. */
  readonly db: pg.Client;
  readonly dataset: Dataset;
  readonly maxHotRows: number;
  readonly maxHoldMs: number;
  readonly limits: EngineLimits;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/**
 * @param sql that of an opened condition
 * @throws TierdError HOT_ROWS_EXCEEDED and whatever a query throws
 */
export async function countHot(counting: HotCounting, sql: string): Promise<number> {
  const { db, dataset, maxHotRows, maxHoldMs, limits, clock, signal } = counting;
  let line = '';
  const write = (part: string | Uint8Array): Promise<void> => {
    line += String(part);
    return Promise.resolve();
  };
  await queryLake(
    {
      sql,
      parameters: [],
      explain: false,
      format: 'ndjson',
      output: { sink: { write } },
      terminalWidth: null,
    },
    {
      inSnapshot: postgresStores({ db, datasets: [dataset], maxHotRows, maxHoldMs, signal }),
      // It names the hot side alone.
      openLake: () => Promise.reject(new Error('hot rows were asked for')),
      openEngine,
      limits,
      clock,
      signal,
    },
  );
  const { rows } = JSON.parse(line) as { readonly rows: number | string };
  return Number(rows);
}

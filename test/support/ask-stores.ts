/** `queryLake` over a real PostgreSQL and a real lake. */
import { join } from 'node:path';
import type pg from 'pg';
import type { Dataset } from '../../src/domain/dataset.ts';
import type { ObjectStore } from '../../src/lake/object-store.ts';
import { inPlace } from '../../src/lake/segment-files.ts';
import { type OpenedBy, openedInTiers } from '../../src/lake/tiered-segments.ts';
import { listFar } from '../../src/ledger/tiers.ts';
import type { Page } from '../../src/query/answer/hidden-columns.ts';
import type { AnswerRecord } from '../../src/query/cache/answer-record.ts';
import { openEngine } from '../../src/query/engine.ts';
import type { LiveSide } from '../../src/query/live/live-side.ts';
import { postgresStores } from '../../src/query/postgres-stores.ts';
import { queryLake } from '../../src/query/query-lake.ts';
import type { QuerySummary } from '../../src/query/query-request.ts';
import type { ParameterValue } from '../../src/query/sql/parameters.ts';
import type { Bench } from './rotation.ts';

export interface StoresAnswer {
  readonly rows: readonly Record<string, unknown>[];
  readonly summary: QuerySummary;
}

/** Of places on the disk. */
function openedIn(store: ObjectStore, db: pg.Client): OpenedBy {
  const openedAt = (place: ObjectStore) => ({ openSegments: inPlace(place), openParts: null });
  const { tiers } = store;
  if (tiers === null) return openedAt(store);
  const [near, far] = [openedAt(tiers.near), openedAt(tiers.far)];
  return openedInTiers({ tiers, near, far, isFar: (keys) => listFar(db, keys) });
}

export async function askStores(
  bench: Pick<Bench, 'rooms' | 'directory'>,
  db: pg.Client,
  datasets: readonly Dataset[],
  sql: string,
  limits: {
    readonly maxHotRows?: number;
    readonly fewRows?: number;
    readonly maxHoldMs?: number;
    readonly parameters?: readonly ParameterValue[];
    readonly explain?: boolean;
    readonly page?: Page | null;
    readonly record?: AnswerRecord;
    readonly live?: LiveSide;
  } = {},
): Promise<StoresAnswer> {
  let lines = '';
  const summary = await queryLake(
    {
      sql,
      parameters: limits.parameters ?? [],
      explain: limits.explain ?? false,
      format: 'ndjson',
      output: { sink: { write: async (part) => void (lines += String(part)) } },
      terminalWidth: null,
      page: limits.page ?? null,
    },
    {
      inSnapshot: postgresStores({
        db,
        datasets,
        maxHotRows: 1_000_000,
        maxHoldMs: 60_000,
        signal: new AbortController().signal,
        ...limits,
      }),
      openLake: () =>
        Promise.resolve({ store: bench.rooms.store, ...openedIn(bench.rooms.store, db) }),
      openEngine,
      limits: {
        memoryLimitBytes: 500_000_000,
        threads: 2,
        spillDirectory: join(bench.directory, 'query'),
      },
      clock: bench.rooms.clock,
      ...(limits.record === undefined ? {} : { record: limits.record }),
      ...(limits.live === undefined ? {} : { live: limits.live }),
    },
  );
  const rows = lines
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  return { rows, summary };
}

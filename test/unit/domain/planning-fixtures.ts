/** Values for the planner's tests. */
import type { Dataset } from '../../../src/domain/dataset.ts';
import type { PlanInput } from '../../../src/domain/plan/plan.ts';
import type { Part, TableDescription } from '../../../src/domain/table.ts';
import { DAY_MS } from '../../../src/domain/time/time-range.ts';

/** Midnight of the nth day of 2026. */
export const day = (n: number): number => Date.UTC(2026, 0, 1) + n * DAY_MS;

export function makeDataset(changes: Partial<Dataset>): Dataset {
  return {
    name: 'market_data',
    table: { schema: 'public', name: 'market_data' },
    timeColumn: 'time',
    slice: 'day',
    hotDays: 30,
    autoRotation: true,
    sortBy: ['symbol', 'time'],
    columns: {},
    portable: false,
    iceberg: false,
    verify: 'standard',
    onColdDuplicate: 'newest',
    targetFileBytes: 256 * 1024 * 1024,
    parquet: { codec: 'zstd', zstdLevel: 1, rowGroupRows: 61_440 },
    limits: {
      maxRowsPerSecond: 0,
      pauseBetweenSlicesMs: 0,
      maxShare: 0.5,
      maxShareMinRows: 1000,
      maxClockSkewMs: 60_000,
      maxClockJumpMs: 30 * DAY_MS,
      maxFutureMs: DAY_MS,
      maxReplicaLagMs: 0,
      minFreeBytes: 1_000_000,
    },
    ...changes,
  };
}

export function makePart(name: string, fromDay: number, toDay: number): Part {
  return {
    oid: 1,
    ref: { schema: 'public', name },
    range: { fromInclusive: day(fromDay), toExclusive: day(toDay) },
    compressed: false,
    estimatedRows: 100,
    bytes: 8192,
  };
}

export function makeTable(parts: readonly Part[]): TableDescription {
  return {
    ref: { schema: 'public', name: 'market_data' },
    oid: 1,
    kind: parts.length === 0 ? 'plain' : 'hypertable',
    columns: [],
    columnsPrint: '',
    timeColumn: { name: 'time', kind: 'timestamptz' },
    parts,
  };
}

export type PlanInputChanges = Partial<Omit<PlanInput, 'facts'>> & {
  readonly facts?: Partial<PlanInput['facts']>;
};

export function makePlanInput(changes: PlanInputChanges): PlanInput {
  const { facts, ...rest } = changes;
  return {
    dataset: makeDataset({}),
    table: makeTable([]),
    cutoffs: { aged: day(10), closed: null },
    regions: [],
    again: null,
    unknowable: [],
    hazards: [],
    notes: [],
    ...rest,
    facts: {
      now: day(40),
      databaseNow: day(40),
      lastRunAt: day(39),
      tableRows: 10_000,
      tableBytes: 1_000_000,
      futureRows: 0,
      furthestFuture: null,
      unsliceableRows: 0,
      freeBytes: 1_000_000_000,
      ...facts,
    },
  };
}

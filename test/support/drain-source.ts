/** Sources of the drain for tests; also for processes that know nothing of vitest. */
import type { Dataset } from '../../src/domain/dataset.ts';
import {
  type ColumnMapping,
  type DrainSource,
  NO_RULES,
  type ValueType,
} from '../../src/domain/drain/source.ts';
import { parseKeyPattern } from '../../src/domain/live/key-pattern.ts';
import type { LiveSourceSpec, SourceKind } from '../../src/domain/live/live-entry.ts';

export interface SourceChanges extends Partial<Omit<DrainSource, 'live' | 'columns'>> {
  readonly kind: SourceKind;
  /** `ticks:{symbol}` unless said otherwise. */
  readonly keys?: string;
  readonly live?: Partial<LiveSourceSpec>;
  /** Column → `{capture}`, `$built-in` or field, with its type: `ts time_ms`. */
  readonly columns?: Readonly<Record<string, string>>;
}

/** The columns of TICKS, filled from an entry's own fields. */
const TICK_COLUMNS = { symbol: '{symbol}', ts: 'ts time_ms', price: 'price', note: 'note' };

/** A table that TICK_COLUMNS fill; `unique` makes it one for keys. */
export const TICKS = 'symbol text not null, ts timestamptz not null, price numeric, note text';

export function makeSource(table: string, changes: SourceChanges): DrainSource {
  const { kind, keys = 'ticks:{symbol}', live = {}, columns = TICK_COLUMNS, ...rest } = changes;
  const name = rest.name ?? `${kind}_source`;
  return {
    format: kind === 'list' || kind === 'zset' ? 'json' : 'hash',
    dataset: datasetOf(table),
    columns: Object.entries(columns).map(([column, written]) => mappingOf(kind, column, written)),
    version: null,
    sameKey: null,
    anyTime: false,
    rules: NO_RULES,
    enabled: true,
    limits: { maxEntries: 1_000, maxBytes: 8 * 1024 ** 2 },
    maxEntryBytes: 1024 ** 2,
    ...rest,
    name,
    live: { ...specOf(kind, name, keys), ...live } as LiveSourceSpec,
  };
}

function specOf(kind: SourceKind, name: string, keys: string): LiveSourceSpec {
  const common = { name, pattern: parseKeyPattern(keys) };
  switch (kind) {
    case 'snapshot':
      return { ...common, kind, holds: 'hash' };
    case 'stream':
      return {
        ...common,
        kind,
        group: 'tierd',
        consumer: 'tierd',
        startAt: '0',
        claimIdleMs: 60_000,
        trim: false,
        cameAgain: 'hold',
      };
    case 'zset':
      return { ...common, kind, scoreUnit: 'ms', graceMs: 0 };
    default:
      return { ...common, kind };
  }
}

function mappingOf(kind: SourceKind, column: string, written: string): ColumnMapping {
  const [from = '', type = 'auto'] = written.split(' ');
  const capture = /^\{(.*)\}$/.exec(from)?.[1];
  const isOptional = kind === 'claim' || column === 'note';
  return {
    column,
    origin:
      capture !== undefined
        ? { from: 'capture', name: capture }
        : from.startsWith('$')
          ? { from: 'built-in', name: from as '$key' }
          : { from: 'field', name: from },
    type: type as ValueType,
    onMissing: { then: isOptional ? 'null' : 'reject' },
  };
}

function datasetOf(name: string): Dataset {
  return {
    name,
    table: { schema: 'public', name },
    timeColumn: 'ts',
    slice: 'day',
    hotDays: 30,
    autoRotation: true,
    sortBy: ['ts'],
    columns: {},
    portable: false,
    iceberg: false,
    verify: 'standard',
    onColdDuplicate: 'newest',
    targetFileBytes: 1,
    parquet: { codec: 'zstd', zstdLevel: 1, rowGroupRows: 61_440 },
    limits: {
      maxRowsPerSecond: 0,
      pauseBetweenSlicesMs: 0,
      maxShare: 1,
      maxShareMinRows: 0,
      maxClockSkewMs: 0,
      maxClockJumpMs: 0,
      maxFutureMs: 0,
      maxReplicaLagMs: 0,
      minFreeBytes: 0,
    },
  };
}

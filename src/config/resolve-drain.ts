/** What the `drain` section means: its sources as the drain takes them. */
import type { Dataset } from '../domain/dataset.ts';
import {
  BUILT_INS,
  type BuiltIn,
  type ColumnMapping,
  type DrainSource,
  type EntryFormat,
  type OnMissing,
  type ValueOrigin,
} from '../domain/drain/source.ts';
import { parseKeyPattern } from '../domain/live/key-pattern.ts';
import type { LiveSourceSpec, SnapshotHolds } from '../domain/live/live-entry.ts';
import { ownValue } from '../domain/own-value.ts';
import type { DrainFile, SourceFile } from './drain-section.ts';
import { resolveRules } from './rules-fields.ts';
import { parseDuration, parseSize } from './units.ts';

export interface DrainConfig {
  readonly intervalMs: number;
  readonly keepDeliveriesMs: number;
  readonly sources: readonly DrainSource[];
}

export function resolveDrain(file: DrainFile, datasets: readonly Dataset[]): DrainConfig {
  return {
    intervalMs: parseDuration(file.interval),
    keepDeliveriesMs: parseDuration(file.keep_deliveries),
    sources: Object.entries(file.sources).map(([name, entry]) => {
      const dataset = datasets.find((candidate) => candidate.name === entry.dataset);
      if (dataset === undefined) throw new RangeError(`drain.sources.${name} was not checked`);
      return resolveSource(file, name, entry, dataset);
    }),
  };
}

function resolveSource(
  file: DrainFile,
  name: string,
  entry: SourceFile,
  dataset: Dataset,
): DrainSource {
  return {
    name,
    live: liveSpec(name, entry),
    format: formatOf(entry),
    dataset,
    columns: [
      ...Object.entries(entry.columns).map(
        ([column, from]): ColumnMapping => ({
          column,
          origin: parseOrigin(String(from)),
          type: typeOf(entry, column),
          onMissing: onMissing(entry, column),
        }),
      ),
      ...Object.entries(entry.constants).map(
        ([column, value]): ColumnMapping => ({
          column,
          origin: { from: 'constant', text: String(value) },
          type: typeOf(entry, column),
          onMissing: { then: 'null' },
        }),
      ),
    ],
    version: entry.version ?? null,
    anyTime: entry.any_time,
    sameKey: entry.same_key ?? null,
    rules: resolveRules(ownValue(file.rules, dataset.name) ?? {}, entry.rules),
    enabled: entry.enabled,
    limits: {
      maxEntries: file.batch.max_entries,
      maxBytes: parseSize(file.batch.max_size),
    },
    maxEntryBytes: parseSize(file.batch.max_entry_size),
  };
}

/** One at a time works on a source (its lease says so), so all of them may have one name. */
const CONSUMER = 'tierd';

function liveSpec(name: string, entry: SourceFile): LiveSourceSpec {
  const shared = { name, pattern: parseKeyPattern(entry.keys) };
  switch (entry.kind) {
    case 'snapshot':
      return { ...shared, kind: 'snapshot', holds: holdsOf(entry) };
    case 'move':
    case 'claim':
    case 'list':
      return { ...shared, kind: entry.kind };
    case 'stream':
      return {
        ...shared,
        kind: 'stream',
        group: entry.group,
        consumer: CONSUMER,
        startAt: entry.start_at === 'first' ? '0' : '$',
        claimIdleMs: parseDuration(entry.claim_idle),
        trim: entry.trim,
        cameAgain: entry.came_again,
      };
    case 'zset':
      return {
        ...shared,
        kind: 'zset',
        scoreUnit: entry.score_unit,
        graceMs: parseDuration(entry.grace),
      };
  }
}

function formatOf({ kind, format, holds = 'hash' }: SourceFile): EntryFormat {
  if (format !== undefined) return format;
  const isWhole = kind === 'list' || kind === 'zset' || (kind === 'snapshot' && holds !== 'hash');
  return isWhole ? 'json' : 'hash';
}

function holdsOf({ format = 'hash', holds }: SourceFile): SnapshotHolds {
  return holds ?? (format === 'hash' ? 'hash' : 'string');
}

/** `{symbol}` a capture, `$key` a built-in, anything else the name of a field. */
export function parseOrigin(written: string): ValueOrigin {
  const capture = /^\{([^{}]+)\}$/.exec(written)?.[1];
  if (capture !== undefined) return { from: 'capture', name: capture };
  if (isBuiltIn(written)) return { from: 'built-in', name: written };
  return { from: 'field', name: written };
}

function isBuiltIn(word: string): word is BuiltIn {
  return (BUILT_INS as readonly string[]).includes(word);
}

function typeOf(entry: SourceFile, column: string): ColumnMapping['type'] {
  const written = ownValue(entry.types, column) as ColumnMapping['type'] | undefined;
  if (written !== undefined) return written;
  switch (ownValue(entry.columns, column)) {
    case '$score':
      // A snapshot's may be any number.
      return entry.kind === 'zset' ? `time_${entry.score_unit}` : 'auto';
    case '$time':
      return 'time_ms';
    default:
      return 'auto';
  }
}

function onMissing(entry: SourceFile, column: string): OnMissing {
  const preset = ownValue(entry.defaults, column) as string | number | boolean | undefined;
  if (preset !== undefined) return { then: 'default', text: String(preset) };
  const then = ownValue(entry.on_missing, column) as 'reject' | 'null' | undefined;
  return { then: then ?? (entry.kind === 'claim' ? 'null' : 'reject') };
}

/** Clients and sources of the live store for tests. */
import { Redis } from 'ioredis';
import { parseKeyPattern } from '../../src/domain/live/key-pattern.ts';
import type {
  BatchLimits,
  ClaimProgress,
  LiveBatch,
  LiveEntry,
  LiveSource,
  LiveSourceSpec,
  SourceKind,
} from '../../src/domain/live/live-entry.ts';
import type { LiveTarget } from '../../src/domain/live/live-target.ts';
import { systemClock } from '../../src/domain/time/clock.ts';
import { connectLive, type LiveStore } from '../../src/live/connect.ts';
import { openLiveSource } from '../../src/live/open-source.ts';

/** A client like any writer's, not one of tierd's. */
export function openRedis(url: string): Redis {
  const redis = new Redis(url, { maxRetriesPerRequest: 3 });
  // Told by the command that failed; without a listener ioredis writes to stderr.
  redis.on('error', () => undefined);
  return redis;
}

/** A source of that kind, with the settings that tests mostly use. */
export function specOf(kind: SourceKind, pattern: string): LiveSourceSpec {
  const common = { name: `${kind}_source`, pattern: parseKeyPattern(pattern) };
  switch (kind) {
    case 'snapshot':
      return { ...common, kind, holds: 'hash' };
    case 'stream':
      return {
        ...common,
        kind,
        group: 'tierd',
        consumer: 'drain',
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

/** A ledger that has never seen a claim. */
export const noProgress = (): Promise<ClaimProgress> => Promise.resolve(null);

export const LIMITS: BatchLimits = { maxEntries: 1_000, maxBytes: 1024 * 1024 };

export interface LiveScene {
  readonly store: LiveStore;
  readonly source: LiveSource;
}

const scenes: LiveStore[] = [];

/** A source on a connection of its own, as a process has it that has just started. */
export async function openScene(
  target: LiveTarget,
  spec: LiveSourceSpec,
  options: {
    readonly progressOf?: (claim: string) => Promise<ClaimProgress>;
    readonly now?: () => number;
  } = {},
): Promise<LiveScene> {
  const store = await connectLive(target, 'test');
  scenes.push(store);
  const { progressOf = noProgress, now } = options;
  const clock = now === undefined ? systemClock : { now };
  return {
    store,
    source: openLiveSource(spec, { store, clock, progressOf, markOf: () => Promise.resolve(null) }),
  };
}

/** Throws every connection away, as kill -9 does. */
export function closeScenes(): void {
  for (const store of scenes.splice(0)) store.close();
}

/** The next batch; there must be one. */
export async function readBatch(
  source: LiveSource,
  limits: BatchLimits = LIMITS,
): Promise<LiveBatch> {
  const batch = await source.read(limits, new AbortController().signal);
  if (batch === null) throw new Error('there was no batch');
  return batch;
}

/** An entry as plain text: a record of its fields, or its value. */
export function textOf({ payload }: LiveEntry): unknown {
  if (payload.kind === 'value') return payload.value.toString();
  return Object.fromEntries(
    payload.names.map((name, index) => [name, payload.values.at(index).toString()]),
  );
}

/** One pass of a source, every batch acknowledged after `commit` has had it. */
export async function drainPass(
  source: LiveSource,
  commit: (batch: LiveBatch) => void | Promise<void>,
  limits: BatchLimits = LIMITS,
): Promise<void> {
  const { signal } = new AbortController();
  for (;;) {
    const batch = await source.read(limits, signal);
    if (batch === null) return;
    await commit(batch);
    await source.acknowledge(batch);
  }
}

import type {
  ClaimProgress,
  LiveSource,
  LiveSourceSpec,
  StreamMark,
} from '../domain/live/live-entry.ts';
import type { Clock } from '../domain/time/clock.ts';
import { openClaimSource } from './claim-source.ts';
import type { LiveStore } from './connect.ts';
import { openKeySource } from './key-sources.ts';
import { openListSource } from './list-source.ts';
import { openStreamSource } from './stream-source.ts';
import { openZsetSnapshot } from './zset-snapshot.ts';
import { openZsetSource } from './zset-source.ts';

export interface OpenSourceOptions {
  readonly store: LiveStore;
  readonly clock: Clock;
  /** What the ledger knows of a claimed list; asked for claims that somebody made earlier. */
  readonly progressOf: (claim: string) => Promise<ClaimProgress>;
  /** Up to where the ledger has a stream as drained. */
  readonly markOf: (key: string) => Promise<StreamMark | null>;
}

/** Opens a source for one pass after the other. Nothing is read, claimed or made before `read`. */
export function openLiveSource(spec: LiveSourceSpec, options: OpenSourceOptions): LiveSource {
  const { store, clock, progressOf, markOf } = options;
  switch (spec.kind) {
    case 'snapshot':
      return spec.holds === 'zset' ? openZsetSnapshot(store, spec) : openKeySource(store, spec);
    case 'move':
      return openKeySource(store, spec);
    case 'claim':
      return openClaimSource(store, spec, clock);
    case 'list':
      return openListSource({ store, spec, clock, progressOf });
    case 'stream':
      return openStreamSource(store, spec, markOf);
    case 'zset':
      return openZsetSource(store, spec, clock);
  }
}

/** What a drain is given to work with. Composed in `cli`; a test composes its own. */
import type pg from 'pg';
import type { Clock } from '../../domain/time/clock.ts';
import type { LiveStore } from '../../live/connect.ts';
import type { DrainEvent } from './events.ts';

export interface DrainRooms {
  /** `work`: any connection, also through a pooler. `direct`: to the server itself, for the lease. */
  readonly connect: (purpose: 'work' | 'direct') => Promise<pg.Client>;
  /** A store that is not mended when it breaks: another is opened. */
  readonly connectLive: () => Promise<LiveStore>;
  readonly clock: Clock;
  /** From 0 to 1, for the jitter of retries. */
  readonly random: () => number;
  /** Names this process in the ledger: `host:pid`. */
  readonly holder: string;
  /** Begun by a person, not by a daemon. */
  readonly isByHand: boolean;
  readonly settings: DrainSettings;
  /** Aborts on the first Ctrl-C: the batch at hand is committed and acknowledged, or rolled back. */
  readonly signal: AbortSignal;
  readonly emit: (event: DrainEvent) => void;
}

export interface DrainSettings {
  readonly leaseTtlMs: number;
  readonly statementTimeoutMs: number;
  readonly lockTimeoutMs: number;
  /** How long what was delivered is remembered after Redis was told. */
  readonly keepDeliveriesMs: number;
  /** How long a store may be away, without any batch in between, before the drain gives up. */
  readonly patienceMs: number;
}

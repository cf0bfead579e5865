/** What a rotation, and other jobs on the lake, are given to work with. Composed in `cli`; a test composes its own. */
import type pg from 'pg';
import type { Clock } from '../../domain/time/clock.ts';
import type { FileSystem } from '../../lake/file-system.ts';
import type { ObjectStore } from '../../lake/object-store.ts';
import type { DuckEngine } from '../../lake/segment/duckdb.ts';
import type { RotationEvent } from './events.ts';

/** What looking takes: nothing that could change anything. */
export type LookingRooms = Pick<Rooms, 'connect' | 'store' | 'clock' | 'settings'> &
  Partial<LocalRooms>;

/** What a person's command takes that changes the ledger alone, and says who did it. */
export type LedgerRooms = LookingRooms & Pick<Rooms, 'holder' | 'isByHand'>;

/** Means of this machine, to look into the lake's files. */
export type LocalRooms = Pick<Rooms, 'engine' | 'tempDirectory' | 'fileSystem'>;

/** Of these, what planning takes. Without the local ones nobody looks whether rows come again. */
export interface PlanningRooms extends Partial<LocalRooms> {
  readonly clock: Clock;
  readonly store: Pick<ObjectStore, 'freeBytes' | 'readable'>;
  readonly settings: Pick<RotationSettings, 'statementTimeoutMs' | 'lockTimeoutMs'>;
}

/** What every job takes that changes the lake. */
export interface JobRooms {
  /**
   * `work`: any connection, also through a pooler in transaction mode. `direct`: to the server
   * itself, for VACUUM and the lease.
   */
  readonly connect: (purpose: 'work' | 'direct') => Promise<pg.Client>;
  readonly store: ObjectStore;
  readonly fileSystem: FileSystem;
  /** DuckDB, by which segments are sorted, written and read back. */
  readonly engine: DuckEngine;
  /** Of this process alone, and gone with it. */
  readonly tempDirectory: string;
  readonly clock: Clock;
  /** A fresh UUID. */
  readonly newId: () => string;
  /** Names this process in the ledger: `host:pid`. */
  readonly holder: string;
  /** Begun by a person, not by a daemon. */
  readonly isByHand: boolean;
  /** tierd's own, for the footer of every segment. */
  readonly version: string;
  readonly settings: RotationSettings;
  /** Aborts on the first Ctrl-C: the current step ends or rolls back. */
  readonly signal: AbortSignal;
}

export interface Rooms extends JobRooms {
  readonly emit: (event: RotationEvent) => void;
}

export interface RotationSettings {
  readonly leaseTtlMs: number;
  readonly statementTimeoutMs: number;
  readonly lockTimeoutMs: number;
  /** A replaced segment's file is removed so long after its replacement (I3). */
  readonly gracePeriodMs: number;
  readonly vacuum: {
    readonly enabled: boolean;
    readonly analyze: boolean;
    readonly truncate: boolean;
  };
}

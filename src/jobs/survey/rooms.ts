import type pg from 'pg';
import type { Dataset } from '../../domain/dataset.ts';
import type { DrainSource } from '../../domain/drain/source.ts';
import type { LiveSettings } from '../../domain/live/live-health.ts';
import type { Clock } from '../../domain/time/clock.ts';
import type { ObjectStore } from '../../lake/object-store.ts';
import type { LiveStore } from '../../live/connect.ts';
import type { LakeRooms } from './look-at-lake.ts';

/** What a survey is given to look with. Composed anew for each, so that a reload takes effect. */
export interface SurveyRooms {
  readonly connect: () => Promise<pg.Client>;
  /** Null where no live store is configured. */
  readonly connectLive: (() => Promise<LiveStore>) | null;
  readonly store: LakeRooms & Pick<ObjectStore, 'readable'>;
  /** So long a look at the lake that found all well holds: of a bucket each takes requests. */
  readonly lakeLookMs: number;
  readonly minFreeBytes: number;
  readonly clock: Clock;
  readonly liveSettings: LiveSettings;
  readonly datasets: readonly Dataset[];
  readonly sources: readonly DrainSource[];
  /** Whether a place for backups is configured. */
  readonly keepsBackups: boolean;
}

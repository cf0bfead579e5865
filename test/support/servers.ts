/** What a test file sees of the run's shared servers, and how it says which it can't do without. */
import { describe, inject, it } from 'vitest';
import { howToAdd } from './how-to-add.ts';
import { isCi, MISSING_MARK } from './missing-mark.ts';

/**
 * Beyond PostgreSQL, which is always there. `s3` is one that the suite starts: `startS3()`;
 * `pg_dump` is what `dumpDatabase()` runs, `mounts` what `mountPrivately()` makes, `automounts` what
 * `hangPrivately()` does; `community` is the edition of TimescaleDB that compresses, which only a server
 * that was given may have; `faketime` is what `fakeClock()` preloads, `pgbouncer` what `startPgBouncer()`
 * runs, `systemd-notify` what tells `listenAsSystemd()`, `chromium` the machine's own, and `python` one with
 * engines in it, which the project that asks them is given.
 */
export type Need =
  | 'timescale'
  | 'community'
  | 'redis'
  | 's3'
  | 'pg_dump'
  | 'mounts'
  | 'automounts'
  | 'chromium'
  | 'faketime'
  | 'pgbouncer'
  | 'systemd-notify'
  | 'python';

export interface SharedServers {
  /** A superuser's URL of the database `postgres`. */
  readonly postgresUrl: string;
  readonly timescale: boolean;
  readonly redisUrl: string | null;
  /** The interpreter. */
  readonly python: string | null;
  /** Why each server that isn't there isn't. */
  readonly missing: Readonly<Partial<Record<Need, string>>>;
}

declare module 'vitest' {
  export interface ProvidedContext {
    servers: SharedServers;
  }
}

export const servers = (): SharedServers => inject('servers');

/**
 * `describe` for a suite that needs more than PostgreSQL. Where a server isn't to be had the suite
 * is skipped and the closing summary says so; in CI it fails.
 */
export function describeOn(needs: Need | readonly Need[], title: string, body: () => void): void {
  const { missing } = servers();
  const wanted = typeof needs === 'string' ? [needs] : needs;
  const lacking = wanted.find((need) => missing[need] !== undefined);
  if (lacking === undefined) {
    describe(title, body);
    return;
  }
  const reason = `${MISSING_MARK}${lacking} (${missing[lacking] ?? ''})`;
  if (isCi()) {
    it(`${title}: ${reason}`, () => {
      throw new Error(
        `${title} could not run: there is no ${lacking} here. Add it: ${howToAdd(lacking, missing[lacking] ?? '')}`,
      );
    });
  } else {
    describe.skip(`${title}: ${reason}`, body);
  }
}

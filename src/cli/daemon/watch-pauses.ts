/** Looks again and again what is paused, and writes what the status page is asked to. */
import { setTimeout as rest } from 'node:timers/promises';
import type pg from 'pg';
import type { TierdConfig } from '../../config/load.ts';
import type { PauseTarget } from '../../daemon/view.ts';
import type { Pause, Pauses } from '../../domain/pause.ts';
import { postgresError } from '../../hot/postgres-error.ts';
import { disconnect } from '../../hot/server/connect.ts';
import { listPauses, type Pausable, pause, resume } from '../../ledger/pauses.ts';
import { connectForDaemon } from './take-lead.ts';

export interface PauseWatch {
  pause(target: PauseTarget, by: string): Promise<Pause>;
  resume(target: PauseTarget): Promise<boolean>;
  close(): Promise<void>;
}

/**
 * Only what is shown, and what a looping job hears of a pause, waits this long: a run is not begun
 * against a pause that is in the ledger, whenever it came there.
 */
const LOOK_EVERY_MS = 2_000;
const CLOSE_WITHIN_MS = 1_000;
/** While the ledger does not answer. */
const LOOK_AGAIN_MS = 5_000;

export function watchPauses(config: () => TierdConfig, tell: (pauses: Pauses) => void): PauseWatch {
  const over = new AbortController();
  // One connection, kept: making one costs a hundred times what the question does.
  let db: pg.Client | null = null;

  async function look(): Promise<number> {
    try {
      db ??= await connectForDaemon(config());
      tell(await listPauses(db, config().daemon.owner));
      return LOOK_EVERY_MS;
    } catch {
      // What was known last still holds; that the database is away is told by the lease.
      if (db !== null) await disconnect(db);
      db = null;
      return LOOK_AGAIN_MS;
    }
  }

  async function watch(): Promise<void> {
    while (!over.signal.aborted) {
      const pauseMs = await look();
      await rest(pauseMs, undefined, { signal: over.signal }).catch(() => undefined);
    }
    if (db !== null) await disconnect(db);
  }

  async function write<Result>(work: (client: pg.Client) => Promise<Result>): Promise<Result> {
    const client = await connectForDaemon(config());
    try {
      const result = await work(client);
      tell(await listPauses(client, config().daemon.owner));
      return result;
    } catch (error) {
      throw postgresError(error, 'writing the pause');
    } finally {
      await disconnect(client);
    }
  }

  const watching = watch();
  return {
    pause: (target, by) => write((client) => pause(client, pausable(target, config()), by)),
    resume: (target) => write((client) => resume(client, pausable(target, config()))),
    close: async () => {
      over.abort();
      // A line that has gone silent does not answer; the end of the process closes it.
      await Promise.race([watching, rest(CLOSE_WITHIN_MS)]);
    },
  };
}

function pausable(target: PauseTarget, { daemon }: TierdConfig): Pausable {
  return target.kind === 'job' ? { ...target, owner: daemon.owner } : target;
}

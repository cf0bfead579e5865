/**
 * A COMMIT waits for the server's synchronous standbys, and PostgreSQL has no limit for that: no
 * statement_timeout and no lost client ends it. What waits is committed here already, so that the wait
 * can only be given up, never the commit (I9).
 */
import type pg from 'pg';
import { TierdError } from '../../domain/errors.ts';
import { requestCancel } from '../copy/cancel-request.ts';
import { type Queryable, run, runOne, sql } from '../sql.ts';

export interface WaitRules {
  /** Gives a wait up after this long. */
  readonly limitMs: number;
  /** Aborted: gives it up at once, and a wait of a single statement for a lock as well. */
  readonly signal?: AbortSignal | undefined;
  /** Gets one line for a wait that is long enough to be told. */
  readonly tell?: ((text: string) => void) | undefined;
}

/** Shorter than a third of the usual lease: who waits holds the lease's row, and nobody can renew it. */
export const USUAL_WAIT_LIMIT_MS = 20_000;

/** What takes longer is looked at, on a connection of its own. */
const WORTH_A_LOOK_MS = 2_000;
const LOOK_EVERY_MS = 500;
const CANCEL_TIMEOUT_MS = 2_000;

interface SynchronousStandbys {
  /** `synchronous_standby_names`; empty where no COMMIT waits for any. */
  readonly names: string;
  readonly wanted: number;
  /** Null where this role may not see how they are. */
  readonly answering: number | null;
}

export async function readSynchronousStandbys(db: Queryable): Promise<SynchronousStandbys> {
  const found = await runOne<{ names: string; answering: number; hidden: number }>(
    db,
    sql`select current_setting('synchronous_standby_names') as names,
               count(*) filter (where sync_state in ('sync', 'quorum'))::int as answering,
               count(*) filter (where sync_state is null)::int as hidden
        from pg_stat_replication`,
  );
  // `2 (a, b)`, `FIRST 2 (a, b)`, `ANY 2 (a, b)`; a list alone is of one.
  const [, count = '1'] = /^\s*(?:first\s+|any\s+)?(\d+)\s*\(/i.exec(found.names) ?? [];
  return {
    names: found.names.trim(),
    wanted: Number(count),
    answering: found.hidden > 0 ? null : found.answering,
  };
}

/** Why no COMMIT comes to an end on this server, or null where none is known. */
export function missingStandbys(standbys: SynchronousStandbys): string | null {
  const { names, wanted, answering } = standbys;
  if (names === '' || answering === null || answering >= wanted) return null;
  const who = answering === 0 ? 'none of them is connected' : `${String(answering)} of them are`;
  return `synchronous_standby_names is '${names}', which asks for ${String(wanted)}, and ${who}: nothing that is written comes to an end`;
}

export const STANDBY_ADVICE =
  "bring the standby back, or take it out on the server: alter system set synchronous_standby_names = '…'; select pg_reload_conf()";

/**
 * Watches each answer of `client` that may be a COMMIT's. Where the server gave up its wait for the
 * standbys, because of us or of somebody else, the statement rejects with STANDBY_SILENT.
 *
 * @param look opens a connection to look, and to give up, from
 */
export function watchCommits(
  client: pg.Client,
  rules: WaitRules,
  look: () => Promise<pg.Client>,
): void {
  const query = client.query.bind(client) as (...args: readonly unknown[]) => unknown;
  let isInTransaction = false;
  let hasGivenUp = false;
  client.on('notice', (notice) => {
    // Where it was raised, which no language changes: it has no SQLSTATE of its own.
    if (notice.routine === 'SyncRepWaitForLSN') hasGivenUp = true;
  });
  const watched = (...args: readonly unknown[]): unknown => {
    const text = typeof args[0] === 'string' ? args[0] : '';
    if (/^\s*begin\b/i.test(text)) isInTransaction = true;
    const isEnd = /^\s*(commit|rollback)\s*;?\s*$/i.test(text);
    if (isEnd) isInTransaction = false;
    const answer = query(...args);
    if (!(answer instanceof Promise) || isInTransaction) return answer;
    const watch = new Watch(client, rules, look);
    return answer
      .catch((error: unknown) => {
        throw watch.gaveUpLock ? interrupted(error) : error;
      })
      .finally(() => {
        watch.end();
      })
      .then((result: unknown) => {
        if (!hasGivenUp) return result;
        hasGivenUp = false;
        throw standbySilent(watch.found);
      });
  };
  client.query = watched as typeof client.query;
}

/** Of one statement, until it is answered. */
class Watch {
  found: string | null = null;
  gaveUpLock = false;
  readonly #client: pg.Client;
  readonly #rules: WaitRules;
  readonly #open: () => Promise<pg.Client>;
  readonly #startedAt = performance.now();
  readonly #timer: NodeJS.Timeout;
  #looker: pg.Client | null = null;
  #isLooking = false;
  #isOver = false;

  constructor(client: pg.Client, rules: WaitRules, open: () => Promise<pg.Client>) {
    this.#client = client;
    this.#rules = rules;
    this.#open = open;
    this.#timer = setInterval(() => void this.#tick(), LOOK_EVERY_MS).unref();
  }

  end(): void {
    this.#isOver = true;
    clearInterval(this.#timer);
    if (!this.#isLooking) this.#close();
  }

  async #tick(): Promise<void> {
    const isAborted = this.#rules.signal?.aborted === true;
    const waitedMs = performance.now() - this.#startedAt;
    if (this.#isLooking || (waitedMs < WORTH_A_LOOK_MS && !isAborted)) return;
    this.#isLooking = true;
    try {
      this.#looker ??= await this.#open();
      await this.#look(this.#looker, waitedMs, isAborted);
    } catch {
      // The next look tries again. What is given up blindly here has a sure outcome all the same:
      // the server says whether it was rolled back, or committed and only not waited for.
      this.#close();
      if (waitedMs > this.#rules.limitMs * 2) await requestCancel(this.#client, CANCEL_TIMEOUT_MS);
    } finally {
      this.#isLooking = false;
      if (this.#isOver) this.#close();
    }
  }

  async #look(db: pg.Client, waitedMs: number, isAborted: boolean): Promise<void> {
    const waits = await findWaits(db, this.#client);
    const forStandby = waits.filter(({ kind }) => kind === 'standby');
    if (forStandby.length > 0 && this.found === null) {
      this.found =
        missingStandbys(await readSynchronousStandbys(db)) ?? 'a synchronous standby is silent';
      this.#rules.tell?.(
        `PostgreSQL waits for a synchronous standby; tierd gives up after ${String(Math.round(this.#rules.limitMs / 1000))} s: ${this.found}`,
      );
    }
    const isDue = isAborted || waitedMs >= this.#rules.limitMs;
    const given = isAborted ? waits : forStandby;
    if (!isDue || given.length === 0 || this.#isOver) return;
    this.gaveUpLock = given.some(({ kind }) => kind === 'lock');
    await run(
      db,
      sql`select pg_cancel_backend(pid) from unnest(${given.map(({ pid }) => pid)}::int[]) pid`,
    );
  }

  #close(): void {
    // Nothing was written on it.
    void this.#looker?.end().catch(() => undefined);
    this.#looker = null;
  }
}

interface Wait {
  readonly pid: number;
  readonly kind: 'standby' | 'lock';
}

/** Behind a pooler, whose process ids are its own: what of ours waits for a standby. */
async function findWaits(db: pg.Client, client: pg.Client): Promise<readonly Wait[]> {
  // pg knows it and its types don't say.
  const { processID: pid } = client as unknown as { readonly processID: number | null };
  const { application_name: name } = (
    client as unknown as { connectionParameters: { application_name: string } }
  ).connectionParameters;
  const rows = await run<{ pid: number; wait_event: string }>(
    db,
    sql`select pid, wait_event from pg_stat_activity ours
        where usename = session_user and application_name = ${name}
          and (wait_event = 'SyncRep' or (wait_event_type = 'Lock' and pid = ${pid}::int))
          and (pid = ${pid}::int or not exists (
            select from pg_stat_activity direct
            where direct.pid = ${pid}::int and direct.application_name = ours.application_name))`,
  );
  return rows.map((row) => ({
    pid: row.pid,
    kind: row.wait_event === 'SyncRep' ? 'standby' : 'lock',
  }));
}

function standbySilent(found: string | null): TierdError {
  return new TierdError({
    code: 'STANDBY_SILENT',
    message: `PostgreSQL committed, but its synchronous standbys did not confirm it and the wait was given up${found === null ? '' : ` (${found})`}; what was committed stands on this server and may be lost if another takes over`,
    hint: `${STANDBY_ADVICE}; then run again: tierd looks at the ledger first and goes on from what it finds`,
  });
}

function interrupted(cause: unknown): TierdError {
  return new TierdError({
    code: 'INTERRUPTED',
    message:
      'interrupted while it waited for a lock that another session holds; nothing was changed',
    hint: 'run the same command again to go on',
    cause,
  });
}

/** The line to PostgreSQL that the process of queries keeps from one to the next. */
import { isDeepStrictEqual } from 'node:util';
import type pg from 'pg';
import type { Clock } from '../../domain/time/clock.ts';
import { connect, cut, disconnect, type PostgresTarget } from '../../hot/server/connect.ts';
import { assertMigrated } from '../../ledger/migrate.ts';

interface Line {
  readonly target: PostgresTarget;
  readonly db: pg.Client;
  readonly openedMs: number;
}

/** A server that took over under the same name is asked after so long at the latest. */
const KEEP_MS = 60_000;
/** A line that has gone silent would hold up the question; a new one says what is wrong. */
const ANSWER_MS = 2_000;

export class KeptLine {
  readonly #clock: Clock;
  #kept: Line | null = null;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * `work` gets a connection to a migrated ledger, outside of a transaction. It is kept only where `work` has
   * come to its end.
   *
   * @throws what connecting, `assertMigrated` and `work` throw
   */
  async lend<Result>(
    target: PostgresTarget,
    work: (db: pg.Client) => Promise<Result>,
  ): Promise<Result> {
    const line = (await this.#takeKept(target)) ?? (await this.#open(target));
    let result: Result;
    try {
      result = await work(line.db);
    } catch (error) {
      await disconnect(line.db);
      throw error;
    }
    // What is under way there would hold a snapshot for as long as nobody asks.
    if (line.db.getTransactionStatus() === 'I') this.#kept = line;
    else await disconnect(line.db);
    return result;
  }

  async close(): Promise<void> {
    const line = this.#kept;
    this.#kept = null;
    if (line !== null) await disconnect(line.db);
  }

  /** The one that is there, if it answers: nothing of the question was asked there yet. */
  async #takeKept(target: PostgresTarget): Promise<Line | null> {
    const line = this.#kept;
    this.#kept = null;
    if (line === null) return null;
    const isOld = this.#clock.now() - line.openedMs >= KEEP_MS;
    if (!isOld && isDeepStrictEqual(line.target, target) && (await answers(line.db))) return line;
    await disconnect(line.db);
    return null;
  }

  async #open(target: PostgresTarget): Promise<Line> {
    const db = await connect(target);
    try {
      await assertMigrated(db);
    } catch (error) {
      await disconnect(db);
      throw error;
    }
    return { target, db, openedMs: this.#clock.now() };
  }
}

/** Whatever is wrong with it, a new line tells. That the ledger is migrated was seen when it was opened. */
async function answers(db: pg.Client): Promise<boolean> {
  const impatience = setTimeout(() => cut(db), ANSWER_MS);
  try {
    await db.query('select');
    return true;
  } catch {
    return false;
  } finally {
    clearTimeout(impatience);
  }
}

/** The line to PostgreSQL by which kept answers are looked at: one, kept open while it is used. */
import type pg from 'pg';
import type { TierdConfig } from '../../../config/load.ts';
import { connect, disconnect } from '../../../hot/server/connect.ts';
import type { Repeatable } from '../../../query/cache/standing.ts';
import { isStillTrue } from '../../../query/cache/still-true.ts';

const IDLE_MS = 60_000;

export class StillTrueLine {
  #db: pg.Client | null = null;
  #idle: NodeJS.Timeout | undefined;
  #last: Promise<unknown> = Promise.resolve();

  /** One after the other. False where it can't be told: then the question is asked in full. */
  ask(config: TierdConfig, answer: Repeatable): Promise<boolean> {
    const asked = this.#last.then(() => this.#ask(config, answer));
    this.#last = asked;
    return asked;
  }

  async close(): Promise<void> {
    await this.#last;
    clearTimeout(this.#idle);
    await this.#hangUp();
  }

  async #ask({ postgres, datasets }: TierdConfig, answer: Repeatable): Promise<boolean> {
    clearTimeout(this.#idle);
    try {
      const { url, connectTimeoutMs } = postgres;
      this.#db ??= await connect({ url, connectTimeoutMs, job: 'query' });
      return await isStillTrue(this.#db, datasets, answer);
    } catch {
      // Nothing is answered from memory then: whatever is wrong, the question itself will tell.
      await this.#hangUp();
      return false;
    } finally {
      this.#idle = setTimeout(() => void this.#hangUp(), IDLE_MS).unref();
    }
  }

  async #hangUp(): Promise<void> {
    const db = this.#db;
    this.#db = null;
    if (db !== null) await disconnect(db);
  }
}

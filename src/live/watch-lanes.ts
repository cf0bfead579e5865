/**
 * Keys that are watched from before they are read until they are removed: Redis itself then says
 * whether any of them was written meanwhile. Comparing what they hold costs it three times as much,
 * and is left for the few that were. A connection watches one group of keys at a time, and not too
 * many: what WATCH takes grows with the square of them.
 */
import type { LiveStore } from './connect.ts';
import { type RawConnection, unlessRefused } from './raw-connection.ts';
import { prefixOf } from './redis-error.ts';
import { isNothing, refusalOf } from './resp.ts';

/** Before the one answer of a transaction of one command. */
const HEAD_OF_ONE = '*1\r\n';

/** What a connection watches. */
export interface Lane {
  readonly connection: RawConnection;
  /** How many of its keys were there: only all together can be removed by it. */
  readonly size: number;
  /** How many of them are not yet removed. */
  waiting: number;
}

/** Of a hash: its fields as Redis sent them; null when there is none; [message] when it is none. */
export type HashAnswer = Buffer | null | readonly [message: string];

export class WatchLanes {
  readonly #store: LiveStore;
  readonly #idle: RawConnection[] = [];

  constructor(store: LiveStore) {
    this.#store = store;
  }

  /** Reads the hashes. From before that on the keys are watched. */
  async read(
    keys: readonly string[],
  ): Promise<{ readonly answers: readonly HashAnswer[]; readonly lane: Lane }> {
    const connection = this.#idle.pop() ?? (await this.#store.openRaw(keys[0] ?? ''));
    const commands = [['WATCH', ...keys], ...keys.map((key) => ['HGETALL', key])];
    const [watched, ...replies] = await connection.ask(commands);
    unlessRefused(watched);
    const answers = replies.map(answerOf);
    const size = answers.filter((answer) => Buffer.isBuffer(answer)).length;
    const lane = { connection, size, waiting: size };
    if (size === 0) await this.release(lane);
    return { answers, lane };
  }

  /** Removes the keys unless any key of the lane was written: then none. The lane is free again. */
  async removeUnwritten({ connection }: Lane, keys: readonly string[]): Promise<boolean> {
    const replies = await connection.ask([['MULTI'], ['UNLINK', ...keys], ['EXEC']]);
    // A full Redis before 7.2 takes no transaction at all, not even one that makes room; it has
    // ended this one, and a script that compares is let in.
    if (replies.slice(0, -1).some(isRefusedAsFull)) {
      this.#idle.push(connection);
      return false;
    }
    // What the others were refused for: EXEC itself only says that one was (EXECABORT).
    for (const reply of replies) unlessRefused(reply);
    const done = unlessRefused(replies.at(-1));
    this.#idle.push(connection);
    if (isNothing(done)) return false;
    unlessRefused(done.subarray(HEAD_OF_ONE.length));
    return true;
  }

  /** Nothing of the lane is to be removed by it. */
  async release({ connection }: Lane): Promise<void> {
    const [done] = await connection.ask([['UNWATCH']]);
    unlessRefused(done);
    this.#idle.push(connection);
  }
}

function isRefusedAsFull(reply: Buffer): boolean {
  return prefixOf(refusalOf(reply) ?? '') === 'OOM';
}

function answerOf(reply: Buffer): HashAnswer {
  const refusal = refusalOf(reply);
  if (refusal !== null) return [refusal];
  return isNothing(reply) ? null : reply;
}

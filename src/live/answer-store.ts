/** Answers of queries in Redis, for all daemons that ask there. Whether one is true still is for who takes it to tell. */
import type { LiveStore } from './connect.ts';
import { runScript } from './run-script.ts';
import { KEEP_ANSWER } from './scripts/keep-answer.ts';

/** One slot of a cluster, so that one script can keep count of them. */
const PREFIX = '{tierd:answers}:';

export interface AnswerLimits {
  readonly ttlMs: number;
  /** Of all answers together. */
  readonly maxBytes: number;
}

/** @param id of letters and digits */
export async function findAnswer({ client }: LiveStore, id: string): Promise<Buffer | null> {
  return client.getBuffer(`${PREFIX}${id}`);
}

/** Nothing is kept where the answer alone has more than `maxBytes`. */
export async function keepAnswer(
  { client }: LiveStore,
  id: string,
  answer: Buffer,
  { ttlMs, maxBytes }: AnswerLimits,
): Promise<void> {
  const keys = [`${PREFIX}${id}`, `${PREFIX}index`, `${PREFIX}sizes`];
  await runScript(client, KEEP_ANSWER, keys, [answer, ttlMs, maxBytes]);
}

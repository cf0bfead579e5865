/**
 * Gives a lake's object its place in a bucket, never over another (I3):
 *
 *   look → conditional PUT, or parts and a conditional completion → told how it went?
 *
 * An answer that was lost, or that leaves open whether it was done, is never guessed at (I9): the
 * key is looked at, and what lies there says it. Our very bytes: published. Others: a conflict.
 * Nothing: sent again. A server that ignores the condition is no danger to a segment, whose key
 * carries the hash of its content and is announced by one move only; `probeConditions` tells it.
 */
import { TierdError } from '../../domain/errors.ts';
import { checksumOf } from '../checksum.ts';
import type { ObjectFacts, PutOutcome } from '../object-store.ts';
import { patiently } from './patiently.ts';
import { readObject } from './read-object.ts';
import { Attempts } from './retry.ts';
import type { S3Api } from './s3-api.ts';
import { isS3Failure, type S3Failure } from './s3-failure.ts';

export interface ObjectToPublish {
  readonly key: string;
  readonly facts: ObjectFacts;
  /** One attempt; throws S3Failure. */
  readonly send: (signal: AbortSignal | undefined) => Promise<void>;
}

/** @throws S3Failure that is not to be tried again; TierdError OBJECT_CONFLICT */
export async function publishObject(
  api: S3Api,
  object: ObjectToPublish,
  signal?: AbortSignal,
): Promise<PutOutcome> {
  const attempts = new Attempts(api, signal);
  for (;;) {
    if (await isThere(api, object, signal)) return 'already-there';
    signal?.throwIfAborted();
    try {
      await object.send(signal);
      return 'created';
    } catch (error) {
      if (!isS3Failure(error, 'exists', 'contended', 'unknown', 'missing')) throw error;
      if (!(await attempts.mayTryAgain())) return settle(api, object, error, signal);
    }
  }
}

/** The last word is what lies there, not what the last answer said. */
async function settle(
  api: S3Api,
  object: ObjectToPublish,
  failure: S3Failure,
  signal: AbortSignal | undefined,
): Promise<PutOutcome> {
  if (await isThere(api, object, signal)) return 'already-there';
  throw failure;
}

/** @throws TierdError OBJECT_CONFLICT when another object lies there */
async function isThere(
  api: S3Api,
  { key, facts }: ObjectToPublish,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  const there = await patiently(api, () => api.head(key, signal), signal);
  if (there === null) return false;
  if (there.bytes === facts.bytes) {
    const { sha256 } = await checksumOf(readObject(api, key, null, signal));
    if (sha256 === facts.sha256) return true;
  }
  throw new TierdError({
    code: 'OBJECT_CONFLICT',
    message: `${api.place}/${key} exists and is not the object to be published (${String(facts.bytes)} bytes, SHA-256 ${facts.sha256}). It was left as it is, and no row was deleted.`,
    hint: 'Run `tierd scrub`: it tells whether the ledger knows that object and whether it was altered. Move a foreign object out of the lake, then run the same command again.',
    context: { place: api.place, key, expected: facts, foundBytes: there.bytes },
  });
}

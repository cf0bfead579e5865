/** A process that dies at one of its requests to a bucket, and asks for nothing after it. */
import type { S3Api } from '../../src/lake/s3/s3-api.ts';
import { observeS3 } from '../crash/effects.ts';

export interface DyingS3 {
  readonly api: S3Api;
  /** The requests that it came to, in order. */
  readonly asked: readonly string[];
  /** Takes an error for its death once it is dead. */
  readonly unlessDead: (error: unknown) => void;
}

/** @param at the request, from 1 on; it is not sent, or its answer is not heard */
export function dyingAt(api: S3Api, at: number, moment: 'before' | 'sent'): DyingS3 {
  const asked: string[] = [];
  let isDead = false;
  const dieIf = (isNow: boolean): void => {
    isDead ||= isNow && asked.length === at;
    if (isDead) throw new Error('the process was killed');
  };
  return {
    api: observeS3(api, {
      before: (label) => {
        asked.push(label);
        dieIf(moment === 'before');
      },
      sent: () => dieIf(moment === 'sent'),
    }),
    asked,
    unlessDead: (error) => {
      if (!isDead) throw error;
    },
  };
}

/**
 * A body is signed by its SHA-256, and the store takes no other bytes for it. Where it is known the SDK, which hashes
 * every body again, takes what the header says.
 */
import { Buffer } from 'node:buffer';
import type * as Sdk from '@aws-sdk/client-s3';

interface Headers {
  readonly headers: Record<string, string>;
}

const WHERE = { step: 'build', name: 'signByContent' } as const;

/** Of each request that gives it as its checksum, which the store then keeps as well. */
export function signByChecksum(client: Sdk.S3Client): void {
  client.middlewareStack.add(
    (next) => (args) => {
      const { headers } = args.request as Headers;
      const checksum = headers['x-amz-checksum-sha256'];
      if (checksum !== undefined) sign(headers, checksum);
      return next(args);
    },
    WHERE,
  );
}

/** One that is to be sent without a checksum: the store has one thing less to compute. @param sha256 in base64 */
export function signBy(command: Sdk.UploadPartCommand, sha256: string): void {
  command.middlewareStack.add(
    (next) => (args) => {
      sign((args.request as Headers).headers, sha256);
      return next(args);
    },
    { ...WHERE, name: 'signByGivenContent' },
  );
}

function sign(headers: Record<string, string>, sha256: string): void {
  headers['x-amz-content-sha256'] = Buffer.from(sha256, 'base64').toString('hex');
}

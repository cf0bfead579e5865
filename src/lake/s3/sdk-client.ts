/**
 * The AWS SDK, which is loaded with the first request: 140 ms and 22 MB that an idle daemon need not carry.
 *
 * Its own retries are off. It sends a conditional PUT again whose answer was lost, is told 412, and so
 * turns its own success into a failure: who calls decides what to do next.
 */
import { Buffer } from 'node:buffer';
import type * as Sdk from '@aws-sdk/client-s3';
import type { S3Target } from '../../domain/lake/s3-target.ts';
import type { Allowance } from './allowance.ts';
import { type RangedGets, rangedGets } from './ranged-gets.ts';
import { sendBodiesInPieces } from './send-body.ts';

export interface LoadedSdk {
  readonly sdk: typeof Sdk;
  readonly client: Sdk.S3Client;
  readonly ranged: RangedGets;
  /** Those that were refused are forgotten; from the next request on they are what this machine has by then. */
  readonly forgetCredentials: () => void;
}

/** One request, within the limits; what failed is an `S3Failure`. */
export type SdkCall = <Answer>(
  send: (loaded: LoadedSdk, options: { abortSignal?: AbortSignal }) => Promise<Answer>,
) => Promise<Answer>;

export async function loadSdk(target: S3Target, uploads: Allowance): Promise<LoadedSdk> {
  // Its notice to whoever upgrades it is nothing that an operator could act on: it is pinned.
  process.env['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'] ??= 'true';
  const sdk = await import('@aws-sdk/client-s3');
  const { endpoint, region, forcePathStyle, credentials } = target;
  const client = new sdk.S3Client({
    region,
    forcePathStyle,
    ...(endpoint === null ? {} : { endpoint }),
    ...(credentials === null ? {} : { credentials }),
    maxAttempts: 1,
    // Else every ranged GET fails on servers that send a checksum of the whole object with it.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    // Else 6 s are waited for servers that never say "100 Continue".
    expectContinueHeader: false,
    requestHandler: {
      connectionTimeout: target.connectTimeoutMs,
      requestTimeout: target.requestTimeoutMs,
      // Alone the timeout above only warns.
      throwOnRequestTimeout: true,
    },
  });
  signByChecksum(client);
  sendBodiesInPieces(client.config.requestHandler, uploads, target.requestTimeoutMs);
  const forgetCredentials = (): void => {
    if (credentials === null) lookForCredentials(client);
  };
  forgetCredentials();
  return { sdk, client, ranged: rangedGets(client), forgetCredentials };
}

/** As the SDK has it, which calls it deprecated: what is to take its place comes in a package of its own. */
interface LooksForCredentials {
  readonly credentialDefaultProvider: (how: {
    readonly parentClientConfig: object;
    readonly ignoreCache: boolean;
  }) => NonNullable<Sdk.S3ClientConfig['credentials']>;
}

/**
 * Where the AWS tools look. The SDK reads a profile's files once in a process's life, and what is in them it takes to be
 * good for ever, though it may be a session's that somebody renews there.
 */
function lookForCredentials({ config }: Sdk.S3Client): void {
  const tools: LooksForCredentials = config;
  const provider = tools.credentialDefaultProvider({
    parentClientConfig: config,
    ignoreCache: true,
  });
  Object.assign(config, { credentials: provider });
}

/**
 * A body is signed by its SHA-256. Where that was given as its checksum it is known, and the SDK, which hashes every
 * body again, takes what the header says: the store compares both with the bytes that came.
 */
function signByChecksum(client: Sdk.S3Client): void {
  client.middlewareStack.add(
    (next) => (args) => {
      const { headers } = args.request as { readonly headers: Record<string, string> };
      const checksum = headers['x-amz-checksum-sha256'];
      if (checksum !== undefined) {
        headers['x-amz-content-sha256'] = Buffer.from(checksum, 'base64').toString('hex');
      }
      return next(args);
    },
    { step: 'build', name: 'signByChecksum' },
  );
}

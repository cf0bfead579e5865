/** Messages from a client, out of the bytes of its connection. */
import { FaceError, protocolViolation } from '../face-error.ts';
import type { Input } from './input.ts';

export interface FrontendMessage {
  readonly type: FrontendType;
  readonly body: Buffer;
}

const TYPES = {
  B: 'Bind',
  C: 'Close',
  D: 'Describe',
  E: 'Execute',
  F: 'FunctionCall',
  H: 'Flush',
  P: 'Parse',
  Q: 'Query',
  S: 'Sync',
  X: 'Terminate',
  c: 'CopyDone',
  d: 'CopyData',
  f: 'CopyFail',
  /** A password, or a step of SASL. */
  p: 'Secret',
} as const;

export type FrontendType = (typeof TYPES)[keyof typeof TYPES];

const LENGTH_BYTES = 4;

/**
 * @param maxBytes of what follows the length
 * @returns null where the client is gone
 * @throws FaceError, fatal, before any of a message is held that is too long or of no known kind
 */
export async function readMessage(input: Input, maxBytes: number): Promise<FrontendMessage | null> {
  const head = await input.take(1 + LENGTH_BYTES);
  if (head === null) return null;
  const type = (TYPES as Readonly<Record<string, FrontendType>>)[String.fromCharCode(head[0] ?? 0)];
  if (type === undefined) {
    throw protocolViolation(`there is no message of the type ${String(head[0])}`);
  }
  const body = await readBody(input, head.readInt32BE(1), maxBytes);
  return body === null ? null : { type, body };
}

/** The first message, which has no type. @throws as `readMessage` */
export async function readFirstMessage(input: Input, maxBytes: number): Promise<Buffer | null> {
  const head = await input.take(LENGTH_BYTES);
  if (head === null) return null;
  return readBody(input, head.readInt32BE(0), maxBytes);
}

async function readBody(input: Input, length: number, maxBytes: number): Promise<Buffer | null> {
  const bytes = length - LENGTH_BYTES;
  if (bytes < 0) throw protocolViolation('a message has a length that none can have');
  if (bytes > maxBytes) {
    throw new FaceError({
      sqlstate: '54000',
      message: `a message of ${String(bytes)} bytes is longer than the ${String(maxBytes)} that one may have`,
      isFatal: true,
    });
  }
  return bytes === 0 ? Buffer.alloc(0) : input.take(bytes);
}

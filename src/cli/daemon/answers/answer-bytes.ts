/** An answer as the bytes that daemons share, and back: what is cut short or altered is no answer. */
import { createHash } from 'node:crypto';
import type { KeptAnswer } from './kept-answers.ts';

const DIGEST_BYTES = 32;
const LENGTH_BYTES = 4;

/** A digest of all that follows; how long the facts are; the facts, as JSON; the body. */
export function encodeAnswer({ body, ...facts }: KeptAnswer): Buffer {
  const text = Buffer.from(JSON.stringify(facts));
  const length = Buffer.alloc(LENGTH_BYTES);
  length.writeUInt32BE(text.length);
  const content = Buffer.concat([length, text, body]);
  return Buffer.concat([digestOf(content), content]);
}

/** Null for what `encodeAnswer` has not made. */
export function decodeAnswer(bytes: Buffer): KeptAnswer | null {
  const content = bytes.subarray(DIGEST_BYTES);
  if (content.length < LENGTH_BYTES) return null;
  if (!digestOf(content).equals(bytes.subarray(0, DIGEST_BYTES))) return null;
  const end = LENGTH_BYTES + content.readUInt32BE(0);
  const facts: unknown = JSON.parse(content.toString('utf8', LENGTH_BYTES, end));
  return { ...(facts as Omit<KeptAnswer, 'body'>), body: content.subarray(end) };
}

const digestOf = (content: Buffer): Buffer => createHash('sha256').update(content).digest();

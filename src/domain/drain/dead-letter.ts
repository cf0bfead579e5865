/** An entry as a dead letter keeps it: whole, and such that it can be tried again. */
import { createHash } from 'node:crypto';
import {
  type BatchOrigin,
  type EntryPayload,
  fieldValues,
  type LiveEntry,
  textOrBytes,
} from '../live/live-entry.ts';
import type { Reason } from './reason.ts';

export interface DeadLetter {
  readonly key: string;
  readonly id: string | null;
  /** SHA-256 of what makes the entry itself, so that writing it twice makes one letter. */
  readonly identity: Buffer;
  /** What `decodePayload` reads. */
  readonly payload: Buffer;
  readonly reason: Reason;
}

export function deadLetter(entry: LiveEntry, origin: BatchOrigin, reason: Reason): DeadLetter {
  const payload = encodePayload(entry.payload);
  return {
    key: entry.key,
    id: entry.id,
    identity: identityOf(entry, origin, payload),
    payload,
    reason,
  };
}

/**
 * What `$entry` is: a UUID (version 8) of what names the entry, so that it is the same whenever that
 * one comes again, and no other's. Sixteen bytes of a SHA-256 are enough to tell them apart.
 */
export function entryUuid(identity: Buffer): string {
  const bytes = Buffer.from(identity.subarray(0, 16));
  bytes[6] = 0x80 | ((bytes[6] ?? 0) & 0x0f);
  bytes[8] = 0x80 | ((bytes[8] ?? 0) & 0x3f);
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
}

/** Of an entry of a list or a stream, which its content does not name. */
export function nameEntry(entry: LiveEntry, origin: BatchOrigin): string {
  return entryUuid(identityOf(entry, origin, Buffer.alloc(0)));
}

/** Two equal entries of a list or a stream are two; a key that is read twice unchanged is one. */
function identityOf(entry: LiveEntry, origin: BatchOrigin, payload: Buffer): Buffer {
  const hash = createHash('sha256').update(origin.kind).update('\0');
  switch (origin.kind) {
    case 'keys':
      return hash
        .update(entry.key)
        .update('\0')
        .update(entry.id ?? '')
        .update('\0')
        .update(payload)
        .digest();
    case 'claimed-list':
      return hash
        .update(origin.claim)
        .update('\0')
        .update(entry.id ?? '')
        .digest();
    case 'stream':
      return hash
        .update(entry.key)
        .update('\0')
        .update(entry.id ?? '')
        .digest();
  }
}

/** SHA-256 of what an entry holds. */
export function digestOf(payload: EntryPayload): Buffer {
  return createHash('sha256').update(encodePayload(payload)).digest();
}

type Kept = string | { readonly base64: string };

/** JSON: text as text, so that it can be read in the table, and other bytes in base64. */
function encodePayload(payload: EntryPayload): Buffer {
  if (payload.kind === 'value')
    return Buffer.from(JSON.stringify({ value: keep(textOrBytes(payload.value)) }));
  const fields = payload.names.map((name, index) => [name, keep(payload.values.at(index))]);
  return Buffer.from(JSON.stringify({ fields }));
}

function keep(value: string | Buffer): Kept {
  return typeof value === 'string' ? value : { base64: value.toString('base64') };
}

/** The entry's payload again, byte for byte. */
export function decodePayload(payload: Buffer): EntryPayload {
  const kept = JSON.parse(payload.toString('utf8')) as
    | { readonly value: Kept }
    | { readonly fields: readonly (readonly [string, Kept])[] };
  if ('value' in kept) return { kind: 'value', value: restore(kept.value) };
  return {
    kind: 'fields',
    names: kept.fields.map(([name]) => name),
    values: fieldValues(kept.fields.map(([, value]) => restore(value))),
  };
}

function restore(kept: Kept): Buffer {
  return typeof kept === 'string' ? Buffer.from(kept) : Buffer.from(kept.base64, 'base64');
}

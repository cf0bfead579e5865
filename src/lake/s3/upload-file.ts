/**
 * Sends a staged file: small ones in one request, others in parts, a few at a time. Memory is
 * bounded by the parts under way, whatever the file's size.
 */
import { createHash, subtle } from 'node:crypto';
import { TierdError } from '../../domain/errors.ts';
import type { FileSystem } from '../file-system.ts';
import { reading } from '../lake-failure.ts';
import type { ObjectFacts } from '../object-store.ts';
import { patiently } from './patiently.ts';
import type { S3Api, Upload, UploadedPart } from './s3-api.ts';

export interface FileToUpload {
  readonly key: string;
  readonly path: string;
  readonly facts: ObjectFacts;
}

const MIB = 1024 * 1024;
/** Above this a file goes in parts. */
const PART_BYTES = 8 * MIB;
const PARTS_AT_ONCE = 3;
/** S3's own limit. */
const MAX_PARTS = 10_000;

/**
 * @throws S3Failure; TierdError STAGED_FILE_CHANGED when the file is not what was measured: then
 *   nothing was published
 */
export async function uploadFile(
  api: S3Api,
  fs: FileSystem,
  file: FileToUpload,
  signal?: AbortSignal,
): Promise<void> {
  if (!isInParts(file.facts)) {
    let body: Uint8Array = new Uint8Array();
    const room = (): Uint8Array<ArrayBuffer> => new Uint8Array(file.facts.bytes);
    for await (const only of readParts(fs, file, PART_BYTES, signal, room)) ({ body } = only);
    await api.put(file.key, body, base64Of(body), signal);
    return;
  }
  const upload = { key: file.key, uploadId: await api.createUpload(file.key, signal) };
  try {
    const parts = await uploadParts(api, fs, file, upload, signal);
    await api.completeUpload(upload, parts, signal);
  } catch (error) {
    // What stays for want of an answer is found again by its key, when the move is swept.
    await api.abortUpload(upload).catch(() => undefined);
    throw error;
  }
}

export function isInParts({ bytes }: ObjectFacts): boolean {
  return bytes > PART_BYTES;
}

/** Parts are read one after the other, so that the whole is hashed in passing; the next one while others are sent. */
async function uploadParts(
  api: S3Api,
  fs: FileSystem,
  file: FileToUpload,
  upload: Upload,
  signal: AbortSignal | undefined,
): Promise<readonly UploadedPart[]> {
  const partBytes = Math.max(PART_BYTES, Math.ceil(file.facts.bytes / MAX_PARTS));
  const done: UploadedPart[] = [];
  const underWay = new Set<Promise<void>>();
  // Filled again and again: a new one for every part costs more than to read it.
  const free: Uint8Array<ArrayBuffer>[] = [];
  const room = (): Uint8Array<ArrayBuffer> => free.pop() ?? new Uint8Array(partBytes);
  let partNumber = 0;
  try {
    for await (const { body, memory } of readParts(fs, file, partBytes, signal, room)) {
      const sha256 = await partDigest(body);
      if (underWay.size === PARTS_AT_ONCE) await Promise.race(underWay);
      partNumber += 1;
      const number = partNumber;
      const sending = patiently(
        api,
        () => api.uploadPart(upload, number, body, sha256, signal),
        signal,
      ).then((part) => {
        done.push(part);
        free.push(memory);
        underWay.delete(sending);
      });
      underWay.add(sending);
      // Its failure may come while the next part is being read; it stays among those under way, and is met there.
      sending.catch(() => undefined);
    }
    await Promise.all(underWay);
  } finally {
    // A part that is still sent would be charged to an upload that nobody completes.
    await Promise.allSettled(underWay);
  }
  return done.sort((a, b) => a.partNumber - b.partNumber);
}

interface ReadPart {
  readonly body: Uint8Array<ArrayBuffer>;
  /** That it lies in, at its beginning. */
  readonly memory: Uint8Array<ArrayBuffer>;
}

/**
 * The file in pieces of `partBytes`; fails after the last when it is not what was measured.
 *
 * @param room gives memory for one of them
 */
async function* readParts(
  fs: FileSystem,
  { path, facts }: FileToUpload,
  partBytes: number,
  signal: AbortSignal | undefined,
  room: () => Uint8Array<ArrayBuffer>,
): AsyncGenerator<ReadPart> {
  const found = await reading(`look at ${path}`, () => fs.look(path));
  if (found?.kind !== 'file' || found.bytes !== facts.bytes) throw stagedFileChanged(path, facts);
  const whole = createHash('sha256');
  for (let from = 0; from < facts.bytes; from += partBytes) {
    const range = { fromInclusive: from, toExclusive: Math.min(from + partBytes, facts.bytes) };
    const memory = room();
    const body = memory.subarray(0, range.toExclusive - from);
    let at = 0;
    for await (const chunk of fs.read(path, range, signal)) {
      body.set(chunk, at);
      at += chunk.byteLength;
    }
    if (at !== body.byteLength) throw stagedFileChanged(path, facts);
    whole.update(body);
    const isLast = range.toExclusive === facts.bytes;
    if (isLast && whole.digest('hex') !== facts.sha256) throw stagedFileChanged(path, facts);
    yield { body, memory };
  }
}

function stagedFileChanged(path: string, facts: ObjectFacts): TierdError {
  return new TierdError({
    code: 'STAGED_FILE_CHANGED',
    message: `The staged file ${path} is not what was measured (${String(facts.bytes)} bytes, SHA-256 ${facts.sha256}). Nothing was published.`,
    hint: 'Let nothing but tierd touch the staging area; run the same command again.',
    context: { path, expectedBytes: facts.bytes },
  });
}

/** As `base64Of`, on another thread: parts that are being sent need this one. */
async function partDigest(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  return Buffer.from(await subtle.digest('SHA-256', bytes)).toString('base64');
}

export function base64Of(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('base64');
}

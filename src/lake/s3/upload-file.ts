/**
 * Sends a staged file: small ones in one request, others in parts, a few at a time. A part is read as it is sent: no
 * file is held in memory, nor a part of it.
 */
import { createHash } from 'node:crypto';
import { TierdError } from '../../domain/errors.ts';
import type { ByteRange, FileSystem } from '../file-system.ts';
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
    const body = await readSmall(fs, file, signal);
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

/** Parts are hashed one after the other, and the whole in passing; each is read again as it is sent. */
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
  let partNumber = 0;
  try {
    for await (const { range, sha256 } of hashParts(fs, file, partBytes, signal)) {
      if (underWay.size === PARTS_AT_ONCE) await Promise.race(underWay);
      partNumber += 1;
      const number = partNumber;
      const body = {
        byteLength: range.toExclusive - range.fromInclusive,
        chunks: () => fs.read(file.path, range, signal),
      };
      const sending = patiently(
        api,
        () => api.uploadPart(upload, number, body, sha256, signal),
        signal,
      ).then((part) => {
        done.push(part);
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

interface HashedPart {
  readonly range: ByteRange;
  /** In base64. */
  readonly sha256: string;
}

/** The file in ranges of `partBytes`; fails before the last when it is not what was measured. */
async function* hashParts(
  fs: FileSystem,
  file: FileToUpload,
  partBytes: number,
  signal: AbortSignal | undefined,
): AsyncGenerator<HashedPart> {
  const { path, facts } = file;
  await assertAsLong(fs, file);
  const whole = createHash('sha256');
  for (let from = 0; from < facts.bytes; from += partBytes) {
    const range = { fromInclusive: from, toExclusive: Math.min(from + partBytes, facts.bytes) };
    const part = createHash('sha256');
    for await (const chunk of fs.read(path, range, signal)) {
      part.update(chunk);
      whole.update(chunk);
    }
    const isLast = range.toExclusive === facts.bytes;
    if (isLast && whole.digest('hex') !== facts.sha256) throw stagedFileChanged(path, facts);
    yield { range, sha256: part.digest('base64') };
  }
}

async function readSmall(
  fs: FileSystem,
  file: FileToUpload,
  signal: AbortSignal | undefined,
): Promise<Uint8Array> {
  const { path, facts } = file;
  await assertAsLong(fs, file);
  const chunks: Uint8Array[] = [];
  for await (const chunk of fs.read(path, null, signal)) chunks.push(Buffer.from(chunk));
  const body = Buffer.concat(chunks);
  if (createHash('sha256').update(body).digest('hex') !== facts.sha256) {
    throw stagedFileChanged(path, facts);
  }
  return body;
}

async function assertAsLong(fs: FileSystem, { path, facts }: FileToUpload): Promise<void> {
  const found = await reading(`look at ${path}`, () => fs.look(path));
  if (found?.kind !== 'file' || found.bytes !== facts.bytes) throw stagedFileChanged(path, facts);
}

function stagedFileChanged(path: string, facts: ObjectFacts): TierdError {
  return new TierdError({
    code: 'STAGED_FILE_CHANGED',
    message: `The staged file ${path} is not what was measured (${String(facts.bytes)} bytes, SHA-256 ${facts.sha256}). Nothing was published.`,
    hint: 'Let nothing but tierd touch the staging area; run the same command again.',
    context: { path, expectedBytes: facts.bytes },
  });
}

export function base64Of(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('base64');
}

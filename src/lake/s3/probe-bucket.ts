import { randomUUID } from 'node:crypto';
import { PROBE_DIRECTORY } from '../object-key.ts';
import { readObject } from './read-object.ts';
import type { S3Api } from './s3-api.ts';
import { isS3Failure, S3Failure } from './s3-failure.ts';
import { base64Of } from './upload-file.ts';

/**
 * Tries, with two harmless objects below tierd's own prefix, what a lake needs of a store. Passing is
 * evidence, not proof: what carries the safety are keys that no two objects want, and one writer.
 *
 * @returns what it does not do as it should, each a sentence
 * @throws S3Failure when it can't be written to at all
 */
export async function probeBucket(api: S3Api): Promise<readonly string[]> {
  const key = `${PROBE_DIRECTORY}/${randomUUID()}`;
  const first = new TextEncoder().encode(`tierd was here: ${key}\n`);
  const second = new TextEncoder().encode('another object\n');
  const found: string[] = [];
  await api.put(key, first, base64Of(first));
  try {
    if (await isTaken(() => api.put(key, second, base64Of(second)))) {
      if (!(await reads(api, key, null, first))) found.push('what is read is not what was put');
    } else {
      found.push('conditional writes are ignored: nothing but unique names keeps objects apart');
    }
    const range = { fromInclusive: 6, toExclusive: 9 };
    const part = first.subarray(range.fromInclusive, range.toExclusive);
    if (found.length === 0 && !(await reads(api, key, range, part))) {
      found.push('ranges of an object are not what was asked for');
    }
    if (!(await refusesWrongChecksum(api, `${key}-wrong`))) {
      found.push(
        'a checksum that does not match is not refused: only the proof after publishing tells',
      );
    }
    const page = await api.list(`${PROBE_DIRECTORY}/`, null);
    if (!page.objects.some((object) => object.key === key)) {
      found.push('an object that was just written is not listed');
    }
    await api.listUploads(key);
  } finally {
    await api.remove(key);
    await api.remove(`${key}-wrong`);
  }
  return found;
}

async function isTaken(put: () => Promise<void>): Promise<boolean> {
  try {
    await put();
    return false;
  } catch (error) {
    if (isS3Failure(error, 'exists')) return true;
    throw error;
  }
}

async function refusesWrongChecksum(api: S3Api, key: string): Promise<boolean> {
  const body = new TextEncoder().encode('one\n');
  try {
    await api.put(key, body, base64Of(new TextEncoder().encode('two\n')));
    return false;
  } catch (error) {
    if (error instanceof S3Failure) return true;
    throw error;
  }
}

async function reads(
  api: S3Api,
  key: string,
  range: { readonly fromInclusive: number; readonly toExclusive: number } | null,
  expected: Uint8Array,
): Promise<boolean> {
  const chunks: Uint8Array[] = [];
  try {
    for await (const chunk of readObject(api, key, range)) chunks.push(Buffer.from(chunk));
  } catch (error) {
    // A server that does not do as asked is what this looks for; one that is away fails elsewhere.
    if (error instanceof S3Failure) return false;
    throw error;
  }
  return Buffer.concat(chunks).equals(expected);
}

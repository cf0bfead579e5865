/** What a bucket says of an object without that anybody reads it. */
import { objectMissing } from '../lake-failure.ts';
import type { StoredChecksum, StoredChecksums } from '../object-store.ts';
import { looking } from './lake-failures.ts';
import { patiently } from './patiently.ts';
import type { S3Api } from './s3-api.ts';

export function checksumsOf(api: S3Api, locate: (key: string) => string): StoredChecksums {
  return {
    async look(key, signal): Promise<StoredChecksum> {
      const place = locate(key);
      const found = await looking(`look at ${place}`, () =>
        patiently(api, () => api.checksum(key, signal), signal),
      );
      if (found === null) throw objectMissing(place, null);
      return { bytes: found.bytes, sha256: found.sha256 === null ? null : hexOf(found.sha256) };
    },
  };
}

const SHA256_BYTES = 32;

/** Null for one of checksums of parts, which is comparable with nothing but itself. */
function hexOf(base64: string): string | null {
  const bytes = Buffer.from(base64, 'base64');
  const isOfAll = bytes.byteLength === SHA256_BYTES && bytes.toString('base64') === base64;
  return isOfAll ? bytes.toString('hex') : null;
}

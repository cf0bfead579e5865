/** A dump of the database into the place of backups, once however often it says the same. */
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import type { BackedUpDump, NamedBackup } from '../../domain/backup/manifest.ts';
import { dumpDatabase, fingerprintDump } from '../../hot/dump/dump-database.ts';
import type { PgTool } from '../../hot/dump/pg-tools.ts';
import { writingBackup } from '../../lake/backup/backup-failure.ts';
import { hasObject, keepStaged } from '../../lake/backup/backup-objects.ts';
import { unlinkIfThere } from '../../lake/file-system.ts';
import type { BackupRooms, TellProgress } from './rooms.ts';
import type { BackupRun } from './while-backing-up.ts';

export interface KeptDump {
  readonly dump: BackedUpDump;
  /** Else an earlier one says the same, and stands for it. */
  readonly isNew: boolean;
}

export interface DumpTools {
  readonly dump: PgTool;
  readonly restore: PgTool;
}

/**
 * @param snapshot exported by a transaction that lasts
 * @param earlier in which one of the same content is looked for, the newest last
 * @throws TierdError DUMP_FAILED; BACKUP_FULL, BACKUP_UNWRITABLE
 */
export async function keepDump(
  { place, url }: BackupRooms,
  { staging, signal }: BackupRun,
  tools: DumpTools,
  snapshot: string,
  earlier: readonly NamedBackup[],
  tell: TellProgress,
): Promise<KeptDump> {
  const path = join(staging, 'dump');
  const written = await dumpDatabase(tools.dump, { url, snapshot }, signal, async (chunks) => {
    const hash = createHash('sha256');
    let bytes = 0;
    async function* passing(): AsyncIterable<Uint8Array> {
      for await (const chunk of chunks) {
        hash.update(chunk);
        bytes += chunk.byteLength;
        tell('dump', bytes, null);
        yield chunk;
      }
    }
    await writingBackup(`write the dump ${path}`, () => place.fs.copyIn(passing(), path));
    return { bytes, sha256: hash.digest('hex') };
  });
  const listPath = join(staging, 'list');
  const fingerprint = await writingBackup(`write ${listPath}`, () =>
    fingerprintDump(tools.restore, { path, listPath }, signal),
  );
  for (const { dump } of earlier.toReversed()) {
    if (dump.fingerprint !== fingerprint || !(await hasObject(place, dump))) continue;
    await unlinkIfThere(place.fs, path);
    return { dump, isNew: false };
  }
  await keepStaged(place, path, written);
  return { dump: { ...written, fingerprint }, isNew: true };
}

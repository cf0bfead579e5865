/** Manifests of backups, as files. Each is named by its text, so that an altered one is known as such. */
import { join } from 'node:path';
import { z } from 'zod';
import {
  type BackupManifest,
  backupId,
  isBackupId,
  isTextOf,
  type NamedBackup,
} from '../../domain/backup/manifest.ts';
import { TierdError } from '../../domain/errors.ts';
import { unlinkIfThere } from '../file-system.ts';
import { readingBackup, writingBackup } from './backup-failure.ts';
import { type BackupPlace, nameForGood, readFile, sha256Of } from './backup-place.ts';

const MANIFESTS = 'manifests';
const SUFFIX = '.json';

const file = { bytes: z.number().nonnegative(), sha256: z.string().regex(/^[0-9a-f]{64}$/) };
const object = z.object({ key: z.string().min(1), ...file });

const manifestSchema = z.object({
  tierdBackup: z.literal(1),
  kind: z.enum(['dump', 'snapshot']),
  takenAt: z.number(),
  ledgerId: z.string(),
  lakeId: z.string(),
  database: z.string(),
  version: z.object({ epoch: z.number(), moves: z.number(), newestMove: z.string().nullable() }),
  migration: z.string(),
  postgres: z.object({ version: z.string(), timescale: z.string().nullable() }),
  tools: z.object({ tierd: z.string(), pgDump: z.string() }),
  dump: z.object({ ...file, fingerprint: z.string() }),
  segments: z.array(object),
  records: z.array(object),
  datasets: z.array(
    z.object({
      name: z.string(),
      table: z.object({ schema: z.string(), name: z.string() }),
      hot: z.object({ rows: z.string(), digest: z.string() }).nullable(),
      segments: z.number(),
      coldRows: z.number(),
    }),
  ),
});

/** Makes the backup one. @param staging of the run @returns its id */
export async function writeManifest(
  place: BackupPlace,
  staging: string,
  manifest: BackupManifest,
): Promise<string> {
  const text = `${JSON.stringify({ tierdBackup: 1, ...manifest }, null, 1)}\n`;
  const bytes = new TextEncoder().encode(text);
  const id = backupId(manifest.takenAt, sha256Of(bytes));
  await writingBackup(`write the manifest ${id}`, async () => {
    const staged = join(staging, 'manifest');
    await place.fs.writeNewFile(staged, bytes);
    await nameForGood(place, staged, manifestPath(place, id));
  });
  return id;
}

export interface BackupList {
  /** Oldest first. */
  readonly backups: readonly NamedBackup[];
  /** Paths of manifests that can't be read, or are not what was written. */
  readonly damaged: readonly string[];
}

export async function listBackups(place: BackupPlace): Promise<BackupList> {
  const { root, fs } = place;
  const folder = join(root, MANIFESTS);
  return readingBackup(`list ${folder}`, async () => {
    if ((await fs.look(folder)) === null) return { backups: [], damaged: [] };
    const backups: NamedBackup[] = [];
    const damaged: string[] = [];
    for (const { name } of await fs.readDirectory(folder)) {
      const id = name.slice(0, -SUFFIX.length);
      const path = join(folder, name);
      const manifest = isBackupId(id) ? parse(id, await readFile(fs, path)) : null;
      if (manifest === null) damaged.push(path);
      else backups.push({ ...manifest, id });
    }
    return { backups: backups.sort(byTime), damaged: damaged.sort() };
  });
}

/** @throws TierdError BACKUP_DAMAGED: what they need would be taken for what nobody needs */
export function assertAllSound({ damaged }: BackupList): void {
  if (damaged.length === 0) return;
  throw new TierdError({
    code: 'BACKUP_DAMAGED',
    message: `${damaged.join(', ')} can't be read as the manifest that was written, so it is not known which files it needs; nothing was removed`,
    hint: 'put it back from a copy of the backups, or move it away: the files that it alone needs are removed then',
    context: { damaged },
  });
}

export async function removeManifest(place: BackupPlace, id: string): Promise<void> {
  await writingBackup(`remove the manifest ${id}`, async () => {
    await unlinkIfThere(place.fs, manifestPath(place, id));
    await place.fs.syncDirectory(join(place.root, MANIFESTS));
  });
}

function manifestPath({ root }: BackupPlace, id: string): string {
  return join(root, MANIFESTS, `${id}${SUFFIX}`);
}

const byTime = (a: NamedBackup, b: NamedBackup): number =>
  a.takenAt - b.takenAt || (a.id < b.id ? -1 : 1);

/** Null for anything but what was written. */
function parse(id: string, bytes: Buffer): BackupManifest | null {
  if (!isTextOf(id, sha256Of(bytes))) return null;
  try {
    const { tierdBackup: _, ...manifest } = manifestSchema.parse(
      JSON.parse(bytes.toString('utf8')),
    );
    return manifest;
  } catch {
    // Of another version, or no JSON: as little one of ours.
    return null;
  }
}

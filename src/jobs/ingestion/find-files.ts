/** Which files are meant by the paths that a person gave: themselves, those of a folder, those that a pattern fits. */
import { createReadStream } from 'node:fs';
import { readdir, realpath, stat } from 'node:fs/promises';
import { basename, join, resolve, sep } from 'node:path';
import { TierdError } from '../../domain/errors.ts';
import {
  type FileKind,
  type IngestReading,
  kindOf,
  type OnConflict,
  readingOf,
} from '../../domain/ingest/reading.ts';
import { checksumOf } from '../../lake/checksum.ts';
import type { FileReading } from '../../ledger/ingested-files.ts';

export interface FoundFile {
  /** Absolute. */
  readonly path: string;
  readonly kind: FileKind;
}

export interface FoundFiles {
  /** Each once, in the order of their paths. */
  readonly files: readonly FoundFile[];
  /** Of folders: files whose names say no format that is read. */
  readonly others: number;
}

/** Throws USAGE for what is not there, or is read by nobody. */
export async function findFiles(
  paths: readonly string[],
  workingDirectory: string,
): Promise<FoundFiles> {
  const found = new Map<string, FoundFile>();
  let others = 0;
  for (const path of paths) {
    if (/^[a-z][a-z0-9+.-]+:\/\//iu.test(path))
      throw notRead(path, 'only files of this machine are read');
    const { files, isNamed } = await filesOf(resolve(workingDirectory, path));
    if (files.length === 0) throw notRead(path, 'there is no such file');
    for (const file of files) {
      const kind = kindOf(file);
      if (kind !== null) found.set(await realpath(file), { path: file, kind });
      else if (isNamed) throw notRead(file, whyUnknown(file));
      else others += 1;
    }
  }
  const files = [...found.values()].toSorted((a, b) => (a.path < b.path ? -1 : 1));
  if (files.length === 0)
    throw notRead(paths.join(', '), 'none of the files there is of a format that is read');
  return { files, others };
}

function whyUnknown(path: string): string {
  return /\.(arrow|feather|ipc)$/iu.test(path)
    ? 'Arrow and Feather are not read: write it as Parquet, `pyarrow.parquet.write_table(pyarrow.feather.read_table(…), …)`'
    : 'its name ends in no format that is read';
}

/** `isNamed`: a person meant this very file. */
async function filesOf(
  path: string,
): Promise<{ readonly files: readonly string[]; readonly isNamed: boolean }> {
  const found = await stat(path).catch(() => null);
  if (found?.isFile() === true) return { files: [path], isNamed: true };
  if (found?.isDirectory() === true) return { files: await walk(path), isNamed: false };
  const at = path.search(/[*?[]/u);
  if (at < 0) return { files: [], isNamed: true };
  const root = path.slice(0, path.lastIndexOf(sep, at)) || sep;
  const fits = patternOf(path);
  const all = await walk(root).catch(() => []);
  return { files: all.filter((file) => fits.test(file)), isNamed: false };
}

/** Also of folders in it; what begins with a dot or an underscore is nobody's data. */
async function walk(folder: string): Promise<readonly string[]> {
  const entries = await readdir(folder, { withFileTypes: true });
  const files: string[] = [];
  for (const entry of entries) {
    if (/^[._]/u.test(entry.name)) continue;
    const path = join(folder, entry.name);
    const isFolder =
      entry.isDirectory() || (entry.isSymbolicLink() && (await stat(path)).isDirectory());
    if (isFolder) files.push(...(await walk(path)));
    else files.push(path);
  }
  return files;
}

/** `*` and `?` stay within a folder, `**` does not. */
function patternOf(path: string): RegExp {
  const parts = path.split(/(\*\*\/?|[*?]|\[[^\]]+\])/u);
  const source = parts.map((part, index) => {
    if (index % 2 === 0) return part.replace(/[\\^$.|+(){}\]]/gu, String.raw`\$&`);
    if (part.startsWith('**')) return '.*';
    if (part === '*') return '[^/]*';
    return part === '?' ? '[^/]' : part;
  });
  return new RegExp(`^${source.join('')}$`, 'u');
}

/** What a file is in the ledger: by its bytes, which are read for it. */
export async function readingOfFile(
  { path }: FoundFile,
  reading: IngestReading,
  onConflict: OnConflict,
): Promise<FileReading> {
  try {
    const { bytes, sha256 } = await checksumOf(createReadStream(path));
    return { path, bytes, contentSha256: sha256, reading: readingOf(sha256, reading, onConflict) };
  } catch (error) {
    throw notRead(path, error instanceof Error ? error.message : String(error));
  }
}

/** Throws SOURCE_CHANGED where a file is not what it was when it was read. */
export async function assertUnchanged(files: readonly FileReading[]): Promise<void> {
  for (const { path, contentSha256 } of files) {
    const now = await checksumOf(createReadStream(path)).catch(() => null);
    if (now?.sha256 === contentSha256) continue;
    throw new TierdError({
      code: 'SOURCE_CHANGED',
      message: `${path} ${now === null ? 'is gone' : 'became another'} while it was read; nothing of it was brought in.`,
      hint: 'wait until whoever writes it has ended, then run the same command again',
      context: { file: basename(path) },
    });
  }
}

function notRead(path: string, why: string): TierdError {
  return new TierdError({
    code: 'USAGE',
    message: `${path} can't be ingested: ${why}. Nothing was changed.`,
    hint: 'What is read: Parquet (.parquet), CSV (.csv) and a JSON object a line (.ndjson, .jsonl), the latter two also as .gz and .zst.',
    context: { path },
  });
}

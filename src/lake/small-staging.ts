/**
 * Where small objects (owners' marks, heads of the audit log) wait until they are published. No record of the ledger
 * names them, so the folder says whose process it is of.
 */
import { hostname } from 'node:os';
import type { FileSystem } from './file-system.ts';
import { isAlive } from './is-alive.ts';
import { listStaging, removeStaging } from './staging.ts';

const CONTENT_ID_DIGITS = 12;

/** @param sha256 of the object */
export function smallStaging(sha256: string): string {
  return `${prefix()}${String(process.pid)}-${sha256.slice(0, CONTENT_ID_DIGITS)}`;
}

/** What processes of this machine left that are no more, as a number of files. */
export async function sweepSmallStaging(fs: FileSystem, stagingRoot: string): Promise<number> {
  let files = 0;
  for (const id of await listStaging(fs, stagingRoot)) {
    const pid = id.startsWith(prefix())
      ? /^(\d+)-/.exec(id.slice(prefix().length))?.[1]
      : undefined;
    if (pid === undefined || isAlive(Number(pid))) continue;
    files += await removeStaging(fs, stagingRoot, id);
  }
  return files;
}

const prefix = (): string => `small-${hostname()}-`;

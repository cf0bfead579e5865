/** What the operating system says of the place of backups, as an error that says what to do. */
import { TierdError } from '../../domain/errors.ts';
import { isNodeError } from '../file-system.ts';

/** Runs a step that writes there. `what` goes on after "could not": "keep <path>". */
export async function writingBackup<T>(what: string, step: () => Promise<T>): Promise<T> {
  try {
    return await step();
  } catch (error) {
    throw isOwn(error) ? error : failure(what, error);
  }
}

/** Runs a step that reads there. `what` goes on after "could not": "read <path>". */
export async function readingBackup<T>(what: string, step: () => Promise<T>): Promise<T> {
  try {
    return await step();
  } catch (error) {
    if (isOwn(error)) throw error;
    throw new TierdError({
      code: 'BACKUP_UNREADABLE',
      message: `tierd could not ${what}: ${reasonOf(error)}. Nothing was changed.`,
      hint: 'look whether the disk of the backups is mounted and healthy (`mount`, `dmesg`), and whether the user that tierd runs as may read there',
      cause: error,
    });
  }
}

/** An abort is told by whoever knows what was under way. */
function isOwn(error: unknown): boolean {
  return error instanceof TierdError || (error instanceof Error && error.name === 'AbortError');
}

function failure(what: string, error: unknown): TierdError {
  if (isNodeError(error, 'ENOSPC', 'EDQUOT')) {
    return new TierdError({
      code: 'BACKUP_FULL',
      message: `tierd could not ${what}: ${reasonOf(error)}. Backups that were there are untouched.`,
      hint: 'free space on the disk of the backups, by `tierd backup prune` for instance, then run the same command again',
      cause: error,
    });
  }
  return new TierdError({
    code: 'BACKUP_UNWRITABLE',
    message: `tierd could not ${what}: ${reasonOf(error)}. Backups that were there are untouched.`,
    hint: 'look whether the disk of the backups is mounted, healthy and writable for the user that tierd runs as (`mount`, `dmesg`), then run the same command again',
    cause: error,
  });
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

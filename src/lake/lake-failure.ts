/** What the operating system says of the lake's disk, as an error that says what to do. */
import { TierdError } from '../domain/errors.ts';
import { isNodeError } from './file-system.ts';

/** Runs a step that writes to the lake. `what` goes on after "could not": "publish <path>". */
export async function writing<T>(what: string, step: () => Promise<T>): Promise<T> {
  try {
    return await step();
  } catch (error) {
    throw writeFailure(what, error);
  }
}

/** Runs a step that reads from the lake. `what` goes on after "could not": "read <path>". */
export async function reading<T>(what: string, step: () => Promise<T>): Promise<T> {
  try {
    return await step();
  } catch (error) {
    throw readFailure(what, error);
  }
}

export function readFailure(what: string, error: unknown): unknown {
  if (error instanceof TierdError) return error;
  if (isAbort(error)) return interrupted(what, error);
  return new TierdError({
    code: 'LAKE_UNREADABLE',
    message: `The lake could not ${what}: ${reasonOf(error)}. Nothing was changed.`,
    hint: isNodeError(error, 'EACCES', 'EPERM')
      ? `Let the user that tierd runs as (uid ${uid()}) read it, for instance with chown or chmod.`
      : 'Look whether the disk is mounted and healthy (`mount`, `dmesg`), then run `tierd doctor`.',
    cause: error,
  });
}

export function objectMissing(place: string, cause: unknown): TierdError {
  return new TierdError({
    code: 'OBJECT_MISSING',
    message: `${place} is not in the lake.`,
    hint: 'Run `tierd scrub`: it tells which segments are missing or altered. If the disk is not mounted, mount it.',
    context: { place },
    cause,
  });
}

export function interrupted(what: string, cause?: unknown): TierdError {
  return new TierdError({
    code: 'INTERRUPTED',
    message: `Interrupted while the lake was to ${what}. Nothing was published by this step.`,
    cause,
  });
}

export function writeFailure(what: string, error: unknown): TierdError {
  if (error instanceof TierdError) return error;
  if (isAbort(error)) return interrupted(what, error);
  if (isNodeError(error, 'ENOSPC', 'EDQUOT')) {
    return new TierdError({
      code: 'LAKE_FULL',
      message: `The lake could not ${what}: ${reasonOf(error)}. No row was deleted; what was published before is untouched.`,
      hint: 'Free space or raise the quota on the lake’s disk (or move the lake to a larger one), then run the same command again.',
      cause: error,
    });
  }
  return new TierdError({
    code: 'LAKE_UNWRITABLE',
    message: `The lake could not ${what}: ${reasonOf(error)}. No row was deleted; what was published before is untouched.`,
    hint: hintForWriteFailure(error),
    cause: error,
  });
}

function hintForWriteFailure(error: unknown): string {
  if (isNodeError(error, 'EACCES', 'EPERM')) {
    return `Let the user that tierd runs as (uid ${uid()}) write there, for instance with chown or chmod.`;
  }
  if (isNodeError(error, 'EROFS')) {
    return 'The file system is mounted read-only: `dmesg` tells whether an error made it so; mount it writable and run again.';
  }
  if (isNodeError(error, 'EXDEV')) {
    return 'The whole lake has to lie on one file system: put no other mount inside it, point `lake` at the mount instead.';
  }
  return 'Look whether the disk is mounted and healthy (`mount`, `dmesg`), then run `tierd doctor`.';
}

function isAbort(error: unknown): boolean {
  return error instanceof Error && error.name === 'AbortError';
}

function uid(): string {
  return String(process.getuid?.() ?? 'unknown');
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

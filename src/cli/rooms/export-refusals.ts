/** What an export is refused for, or ends with. */
import { readdir } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { countOf } from '../../domain/count.ts';
import { TierdError } from '../../domain/errors.ts';
import { isNodeError } from '../../lake/file-system.ts';
import { outputUnwritable } from '../../query/answer/output-file.ts';

/** More would be more than anybody opens again. */
export const MAX_FILES = 10_000;

/** @throws TierdError REFUSED */
export async function refuseTaken(output: string): Promise<void> {
  const found = await writingTo(output, () =>
    readdir(output).catch((error: unknown) => {
      if (isNodeError(error, 'ENOENT')) return [];
      throw error;
    }),
  );
  if (found.length === 0) return;
  throw new TierdError({
    code: 'REFUSED',
    message: `The folder ${output} is not empty: it has ${JSON.stringify(found[0])}${found.length === 1 ? '' : ` and ${String(found.length - 1)} more`}. Nothing was written.`,
    hint: 'Name a folder that is empty or not there: files of two exports in one would be read as one.',
    context: { path: output },
  });
}

/** @throws TierdError OUTPUT_UNWRITABLE for what the step throws */
export async function writingTo<T>(output: string, step: () => Promise<T>): Promise<T> {
  try {
    return await step();
  } catch (error) {
    throw outputUnwritable(output, error);
  }
}

export function differs(path: string, expected: number, found: number): TierdError {
  return new TierdError({
    code: 'EXPORT_DIFFERS',
    message: `${basename(path)} of ${dirname(path)} has ${countOf(found, 'row')} and should have ${countOf(expected, 'row')} of the same snapshot. Nothing was written.`,
    hint: 'No row of either store was touched. Export without --partition-by, and report this with the column that it was partitioned by.',
    context: { expected, found },
  });
}

export function tooMany(): TierdError {
  return new TierdError({
    code: 'REFUSED',
    message: `There would be more than ${MAX_FILES.toLocaleString('en-US')} files. Nothing was written.`,
    hint: 'Choose a larger unit or another column for --partition-by, or less time with --from and --to.',
    context: { maxFiles: MAX_FILES },
  });
}

export function snapshotEnded(maxHoldMs: number, cause: unknown): TierdError {
  return new TierdError({
    code: 'SNAPSHOT_ENDED',
    message: `The snapshot that all files are of was held for ${String(maxHoldMs / 1000)} s, and not all were written by then. Nothing was written.`,
    hint: 'Allow more with --max-hold (a rotation can drop no chunk meanwhile), or export less at once with --from and --to.',
    context: { maxHoldMs },
    cause,
  });
}

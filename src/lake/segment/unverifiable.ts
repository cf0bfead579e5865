/** What verification ends with when it could not read, which says nothing about what there is to read. */
import { TierdError } from '../../domain/errors.ts';

/** What the system and DuckDB say when something of ours has run out or is not allowed. */
const OWN_FAILURE =
  /^Out of Memory Error|^INTERRUPT Error|Array buffer allocation failed|Cannot allocate memory|Too many open files|Permission denied|No space left on device|Disk quota exceeded|Input\/output error|max_temp_directory_size/iu;

export function isOwnFailure(error: unknown): error is Error {
  return error instanceof Error && OWN_FAILURE.test(error.message);
}

export function verifyImpossible(file: string, cause: Error): TierdError {
  // What follows a blank line advises settings of DuckDB's own, which nobody can reach here.
  const [reason = ''] = cause.message.split('\n\n', 1);
  return new TierdError({
    code: 'VERIFY_IMPOSSIBLE',
    message: `${file} could not be read back to compare its values: ${reason}. That says nothing about the file; nothing was deleted.`,
    hint: 'Raise maintenance.memory_limit, free space in maintenance.temp_dir, or raise the limit of open files, whichever the message names; then run the same command again.',
    context: { file },
    cause,
  });
}

/** What verification ends with when a segment is not what was exported. */
import { TierdError } from '../../domain/errors.ts';

export interface Mismatch {
  /** The file, or what stands for several. */
  readonly file: string;
  /** The column, or null where it is the file as a whole. */
  readonly column: string | null;
  /** What was compared: "SHA-256", "values", "rows". */
  readonly what: string;
  readonly expected: string;
  readonly found: string;
  readonly cause?: unknown;
}

export function verifyMismatch(mismatch: Mismatch): TierdError {
  const { file, column, what, expected, found, cause } = mismatch;
  const where = column === null ? file : `column ${column} of ${file}`;
  return new TierdError({
    code: 'VERIFY_MISMATCH',
    message: `Verification of ${where} failed: ${what} should be ${expected}, found ${found}. Nothing was deleted.`,
    hint: 'Run the same command again: the slice is exported anew. If it fails again, check the disk and its memory (`dmesg`, SMART) and report the message.',
    context: { file, column, what, expected, found },
    cause,
  });
}

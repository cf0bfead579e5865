/** Asks before something that cannot be taken back. */
import { createInterface } from 'node:readline/promises';
import type { Readable } from 'node:stream';
import { TierdError } from '../../domain/errors.ts';
import { safeText } from './safe-text.ts';
import type { Output } from './style.ts';

export interface Confirmation {
  /** Names what will happen to which table and how many rows, as a sentence: `This moves …`. */
  readonly statement: string;
  /** `--yes` was given: somebody has decided already. */
  readonly yes: boolean;
  readonly stdin: Readable & { readonly isTTY?: boolean };
  /** Not stdout, which belongs to the result. */
  readonly stderr: Output;
  readonly signal: AbortSignal;
}

/**
 * Whether to go on. Only `y` and `yes` mean yes; an empty line and the end of input mean no.
 *
 * Throws CONFIRMATION_NEEDED where there is nobody to ask, INTERRUPTED at Ctrl-C.
 */
export async function confirm(question: Confirmation): Promise<boolean> {
  const { statement, yes, stdin, stderr, signal } = question;
  if (yes) return true;
  if (stdin.isTTY !== true) {
    throw new TierdError({
      code: 'CONFIRMATION_NEEDED',
      message: `${statement}\nThis has to be confirmed, and there is no terminal to ask on; nothing was changed.`,
      hint: 'Add --yes once you are sure, or --dry-run to see what would happen.',
    });
  }
  // `terminal: false` leaves Ctrl-C to the process, which aborts the signal like everywhere else.
  const lines = createInterface({ input: stdin, terminal: false });
  stderr.write(`${safeText(statement, { isColorSupported: false })}\nGo on? [y/N] `);
  try {
    const answer = await Promise.race([
      lines.question('', { signal }),
      new Promise<string>((resolve) => lines.once('close', () => resolve(''))),
    ]);
    return /^y(es)?$/i.test(answer.trim());
  } catch (cause) {
    if (!signal.aborted) throw cause;
    throw new TierdError({
      code: 'INTERRUPTED',
      message: 'Interrupted before the answer; nothing was changed.',
      cause,
    });
  } finally {
    lines.close();
  }
}

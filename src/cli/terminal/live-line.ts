/**
 * The last line of stderr, redrawn in place on a terminal. Everything else that goes to stderr
 * passes through `print`, so that a log line never lands in the middle of a progress bar.
 */
import type { Output } from './style.ts';

export interface LiveLine {
  /** Shows `text` (one line, already short enough) below everything printed so far. */
  show(text: string): void;
  /** Takes the line away. */
  clear(): void;
  /** Writes whole lines above the live line. */
  print(text: string): void;
}

const ERASE_LINE = '\r\u001b[2K';

export function createLiveLine(stream: Output): LiveLine {
  let shown = '';
  const erase = (): void => {
    if (shown !== '') stream.write(ERASE_LINE);
  };
  return {
    show(text) {
      if (stream.isTTY !== true || text === shown) return;
      stream.write(ERASE_LINE + text);
      shown = text;
    },
    clear() {
      erase();
      shown = '';
    },
    print(text) {
      erase();
      stream.write(text.endsWith('\n') ? text : `${text}\n`);
      if (shown !== '') stream.write(shown);
    },
  };
}

/** The lines that are typed, with their history and Tab; or those that come through a pipe. */
import { createInterface, type Interface } from 'node:readline';
import { linkSignals } from '../../domain/linked-signal.ts';
import type { Output } from '../terminal/style.ts';
import type { Completion } from './complete.ts';
import { historyFile, openHistory } from './history.ts';
import { type Keyboard, KeyGate } from './key-gate.ts';
import { onOneLine } from './statements.ts';

export interface LineEditor {
  readonly lines: AsyncIterable<string>;
  prompt(text: string): void;
  /** Of a statement, in place of the lines that it was typed on. */
  remember(statement: string, isSecret: boolean): void;
  /** Lets nothing but Ctrl-C through while `work` runs. */
  whileBusy(work: (interrupt: AbortSignal) => Promise<void>): Promise<void>;
  close(): void;
}

export interface EditorWishes {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly signal: AbortSignal;
  readonly complete: (typed: string) => Promise<Completion>;
  /** Ctrl-C while nothing runs. */
  readonly onClear: () => void;
  readonly warn: (text: string) => void;
}

/** Nobody sees a prompt, and nothing is remembered. */
export function pipedLines(stdin: Keyboard, signal: AbortSignal): LineEditor {
  const reader = createInterface({ input: stdin, terminal: false, signal });
  return {
    lines: reader,
    prompt: () => undefined,
    remember: () => undefined,
    whileBusy: (work) => work(signal),
    close: () => reader.close(),
  };
}

export function openEditor(stdin: Keyboard, screen: Output, wishes: EditorWishes): LineEditor {
  const keys = new KeyGate(stdin);
  const history = openHistory(historyFile(wishes.env), wishes.warn);
  const reader = createInterface({
    input: keys,
    output: screen,
    terminal: true,
    history: [...history.entries],
    historySize: HISTORY_SIZE,
    removeHistoryDuplicates: true,
    completer: (typed: string, done: CompletionDone) => {
      void wishes.complete(typed).then((found) => done(null, found));
    },
    signal: wishes.signal,
  });
  // The list that the arrow keys go through: there is no other way to it.
  let shown: string[] = [];
  reader.on('history', (list) => {
    shown = list;
  });
  reader.on('SIGINT', () => clearLine(reader, screen, wishes.onClear));
  return {
    lines: reader,
    prompt(text) {
      reader.setPrompt(text);
      reader.prompt();
    },
    remember(statement, isSecret) {
      const line = onOneLine(statement);
      if (line === null) return;
      if (!isSecret) history.add(line);
      shown.splice(0, shown.length, ...history.entries);
    },
    async whileBusy(work) {
      const interrupt = linkSignals(wishes.signal);
      keys.hold(() => interrupt.abort('Ctrl-C'));
      try {
        await work(interrupt.signal);
      } finally {
        interrupt.release();
        keys.release();
      }
    },
    close: () => reader.close(),
  };
}

const HISTORY_SIZE = 1_000;

type CompletionDone = (error: null, found: Completion) => void;

/** As a shell does it: what was typed stays to be read, and counts no more. */
function clearLine(reader: Interface, screen: Output, onClear: () => void): void {
  screen.write('^C\n');
  // Ctrl-E and Ctrl-U: to the end of the line, and away with all before.
  reader.write(null, { ctrl: true, name: 'e' });
  reader.write(null, { ctrl: true, name: 'u' });
  onClear();
}

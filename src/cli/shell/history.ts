/** What was typed before, kept between sessions: for nobody else to read, for it may hold values. */
import { appendFileSync, chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

const MOST_ENTRIES = 1_000;
const PRIVATE_FILE = 0o600;
const PRIVATE_DIRECTORY = 0o700;

export interface History {
  /** The newest first, as readline wants them. */
  readonly entries: readonly string[];
  add(entry: string): void;
}

/** Null where nothing says where such things are kept. */
export function historyFile(env: Readonly<Record<string, string | undefined>>): string | null {
  const { XDG_STATE_HOME: state = '', HOME: home = '' } = env;
  // By the specification a path that is not absolute does not count.
  if (state.startsWith('/')) return join(state, 'tierd', 'query-history');
  return home.startsWith('/') ? join(home, '.local', 'state', 'tierd', 'query-history') : null;
}

/** @param warn told once where nothing can be kept: a shell without a history is one all the same */
export function openHistory(file: string | null, warn: (text: string) => void): History {
  let isKept = file !== null;
  const giveUp = (error: unknown): void => {
    isKept = false;
    const reason = (error as NodeJS.ErrnoException).code ?? String(error);
    warn(`what is typed here is not kept: ${file ?? ''} can't be used (${reason})`);
  };
  let entries = file === null ? [] : read(file, giveUp);
  return {
    get entries() {
      return entries;
    },
    add(entry) {
      if (entry === '' || entry === entries[0]) return;
      entries = [entry, ...entries].slice(0, MOST_ENTRIES);
      if (file === null || !isKept) return;
      try {
        appendFileSync(file, `${entry}\n`, { mode: PRIVATE_FILE });
      } catch (error) {
        giveUp(error);
      }
    },
  };
}

function read(file: string, giveUp: (error: unknown) => void): readonly string[] {
  try {
    mkdirSync(dirname(file), { recursive: true, mode: PRIVATE_DIRECTORY });
    const lines = readFileSync(file, 'utf8')
      .split('\n')
      .filter((line) => line !== '');
    chmodSync(file, PRIVATE_FILE);
    if (lines.length > 2 * MOST_ENTRIES) {
      writeFileSync(file, `${lines.slice(-MOST_ENTRIES).join('\n')}\n`, { mode: PRIVATE_FILE });
    }
    return lines.slice(-MOST_ENTRIES).reverse();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') giveUp(error);
    return [];
  }
}

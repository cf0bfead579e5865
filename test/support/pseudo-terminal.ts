/** A program at a terminal: `script` of util-linux gives it one, and what is typed goes through there. */
import { spawn } from 'node:child_process';
import { stripVTControlCharacters } from 'node:util';
import { expect, onTestFinished } from 'vitest';
import { PATIENCE } from './daemon.ts';

export interface Terminal {
  /** All that was shown so far, without what moves and colours it. */
  readonly shown: () => string;
  /** Sends keys as they are. */
  readonly type: (keys: string) => void;
  /** Until `text` stands in what was shown since the last time that something was seen. */
  readonly sees: (text: string | RegExp) => Promise<void>;
  /** The exit code of the program. */
  readonly ended: Promise<number | null>;
  readonly hangUp: () => void;
}

export const CTRL_C = '\u0003';
export const CTRL_D = '\u0004';
export const TAB = '\t';
export const UP = '\u001b[A';

export function openTerminal(
  argv: readonly string[],
  cwd: string,
  env: Readonly<Record<string, string>> = {},
): Terminal {
  const command = argv.map((word) => `'${word.replaceAll("'", `'\\''`)}'`).join(' ');
  // The size is that of the pseudo terminal, which has none by itself.
  const child = spawn(
    'script',
    [
      '--quiet',
      '--return',
      '--flush',
      '--command',
      `stty cols 100 rows 40; exec ${command}`,
      '/dev/null',
    ],
    { cwd, env: { ...process.env, TERM: 'xterm', ...env }, stdio: ['pipe', 'pipe', 'inherit'] },
  );
  onTestFinished(() => void child.kill('SIGKILL'));
  let raw = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    raw += text;
  });
  // It may have ended before the last key was typed.
  child.stdin.on('error', () => undefined);
  const shown = (): string => stripVTControlCharacters(raw).replaceAll('\r', '');
  let seen = 0;
  return {
    shown,
    type: (keys) => void child.stdin.write(keys),
    async sees(text) {
      const find = (): number => {
        const fresh = shown().slice(seen);
        if (typeof text === 'string') {
          const at = fresh.indexOf(text);
          return at < 0 ? -1 : at + text.length;
        }
        const found = text.exec(fresh);
        return found === null ? -1 : found.index + found[0].length;
      };
      await expect.poll(() => (find() < 0 ? shown().slice(seen) : text), PATIENCE).toBe(text);
      seen += find();
    },
    ended: new Promise((resolve) => child.once('close', (code) => resolve(code))),
    // Without its master a pseudo terminal hangs up on whoever sits at it.
    hangUp: () => void child.kill('SIGKILL'),
  };
}

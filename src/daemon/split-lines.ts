import type { Readable } from 'node:stream';

/** A line is cut here: a process that forgot its newlines must not fill our memory. */
const MAX_LINE = 64 * 1024;

/** Calls back with each line of `stream`, without its newline; empty ones are left out. */
export function splitLines(stream: Readable, onLine: (line: string) => void): void {
  let rest = '';
  const say = (line: string): void => {
    if (line.trim() !== '') onLine(line);
  };
  stream.setEncoding('utf8');
  stream.on('data', (text: string) => {
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) say(line);
    if (rest.length > MAX_LINE) {
      say(rest);
      rest = '';
    }
  });
  stream.on('close', () => say(rest));
}

/** What a line that begins with a backslash asks the shell itself for, pure. */
import { suggest } from '../../domain/suggest.ts';
import {
  BINARY_FORMATS,
  QUERY_FORMATS,
  type QueryFormat,
} from '../../query/answer/query-format.ts';

export type MetaCommand =
  | { readonly kind: 'quit' }
  | { readonly kind: 'help' | 'expanded' | 'timing' | 'list' | 'show-format' }
  | { readonly kind: 'describe'; readonly name: string }
  | { readonly kind: 'format'; readonly format: QueryFormat }
  | { readonly kind: 'unknown'; readonly message: string };

/** In the order that `\?` shows them. */
export const META_COMMANDS = [
  { name: '\\d', does: 'the datasets' },
  {
    name: '\\d NAME',
    does: 'the columns of one; hot.NAME and cold.NAME are its sides, live.SOURCE what waits',
  },
  { name: '\\x', does: 'each row as lines, a column on each, or as a table again' },
  { name: '\\f FORMAT', does: 'print rows as table, expanded, json, ndjson or csv' },
  { name: '\\timing', does: 'say how long it took, what was read, and of which snapshot' },
  { name: '\\?', does: 'this' },
  { name: '\\q', does: 'leave; Ctrl-D does too' },
] as const;

/** A terminal has no use for it. */
export const SHELL_FORMATS = QUERY_FORMATS.filter((format) => !BINARY_FORMATS.includes(format));

const NAMES = ['\\d', '\\x', '\\f', '\\timing', '\\?', '\\q'];

/** As in psql, a `;` behind it is not meant. */
export function parseMetaCommand(line: string): MetaCommand {
  const [name = '', ...words] = line
    .trim()
    .replace(/\s*;+$/, '')
    .split(/\s+/);
  const argument = words.join(' ');
  switch (name) {
    case '\\q':
      return { kind: 'quit' };
    case '\\?':
    case '\\h':
      return { kind: 'help' };
    case '\\x':
      return { kind: 'expanded' };
    case '\\timing':
      return { kind: 'timing' };
    case '\\d':
      return argument === '' ? { kind: 'list' } : { kind: 'describe', name: argument };
    case '\\f':
      return argument === '' ? { kind: 'show-format' } : chooseFormat(argument);
    default: {
      const near = suggest(name, NAMES);
      return {
        kind: 'unknown',
        message: `${name} is no command of this shell${near === undefined ? '' : `; did you mean ${near}?`} \\? shows all.`,
      };
    }
  }
}

function chooseFormat(word: string): MetaCommand {
  const format = SHELL_FORMATS.find((known) => known === word);
  if (format !== undefined) return { kind: 'format', format };
  const message = BINARY_FORMATS.some((known) => known === word)
    ? `${word} goes to a file: leave, and use tierd query --format ${word} --output FILE.`
    : `${word} is no format; there are ${SHELL_FORMATS.join(', ')}.`;
  return { kind: 'unknown', message };
}

/** Where the text of a query comes from: the command line, a file, or standard input. */
import { readFileSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { addAbortSignal } from 'node:stream';
import { TierdError } from '../../domain/errors.ts';
import type { CliIo } from '../context.ts';

export interface QuerySource {
  /** The SQL itself, or `-`. */
  readonly sql: string | undefined;
  /** A path, or `-`. */
  readonly file: string | undefined;
}

/** Nobody writes one that long; a file that is, is another. */
const MAX_BYTES = 1024 ** 2;

/** @throws TierdError USAGE */
export async function readQuery(
  { sql, file }: QuerySource,
  io: Pick<CliIo, 'stdin' | 'signal' | 'workingDirectory'>,
): Promise<string> {
  if (sql !== undefined && file !== undefined) {
    throw usage('a query on the command line and --file contradict each other');
  }
  if (sql === '-') return decode(await readStdin(io), 'standard input');
  if (sql !== undefined) return sql;
  if (file !== undefined && file !== '-') return readFile(resolve(io.workingDirectory, file), file);
  if (file === undefined && io.stdin.isTTY === true) {
    throw usage('there is no query');
  }
  return decode(await readStdin(io), 'standard input');
}

/** As COPY writes it: a text of those characters has one backslash more. */
export function parseParameter(text: string): string | null {
  if (text === '\\N') return null;
  return /^\\{2,}N$/.test(text) ? text.slice(1) : text;
}

function readFile(path: string, named: string): string {
  try {
    if (statSync(path).size > MAX_BYTES) throw tooLong(named);
    return decode(readFileSync(path), named);
  } catch (error) {
    if (error instanceof TierdError) throw error;
    const reason = (error as NodeJS.ErrnoException).code ?? String(error);
    throw usage(`the query in ${named} can't be read (${reason})`, error);
  }
}

async function readStdin({ stdin, signal }: Pick<CliIo, 'stdin' | 'signal'>): Promise<Buffer> {
  const parts: Buffer[] = [];
  let bytes = 0;
  for await (const part of addAbortSignal(signal, stdin)) {
    parts.push(part as Buffer);
    bytes += (part as Buffer).length;
    if (bytes > MAX_BYTES) throw tooLong('standard input');
  }
  return Buffer.concat(parts);
}

function decode(bytes: Buffer, named: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (error) {
    throw usage(`${named} is not UTF-8 text`, error);
  }
}

function tooLong(named: string): TierdError {
  return usage(`${named} is longer than 1MB, which no query is`);
}

function usage(what: string, cause?: unknown): TierdError {
  return new TierdError({
    code: 'USAGE',
    message: `${what}; nothing was run`,
    hint: 'give one SELECT: tierd query "select …", tierd query -f FILE, or … | tierd query',
    cause,
  });
}

/** One of PostgreSQL's own programs, run for what it prints. */
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { open } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { TierdError } from '../../domain/errors.ts';

export interface ProgramRun {
  /** A path, or a name that PATH finds. */
  readonly program: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  /** A file to be read as its input; nothing without. */
  readonly inputPath?: string;
  readonly signal: AbortSignal;
}

/** Enough for what a person reads; a program may say thousands of lines. */
const TOLD_CHARACTERS = 4_000;

/**
 * `work` gets what the program prints, as it comes, and its result counts once the program has ended well. A `work` that
 * fails, and an abort, end the program. Killed ourselves, it ends at its next write: our end of the pipe is gone.
 *
 * @throws TierdError DUMP_FAILED with what it said; BACKUP_TOOL_UNFIT where there is no such program
 */
export async function withProgram<Result>(
  { program, args, env, inputPath, signal }: ProgramRun,
  work: (printed: AsyncIterable<Uint8Array>) => Promise<Result>,
): Promise<Result> {
  signal.throwIfAborted();
  const input = inputPath === undefined ? null : await open(inputPath, 'r');
  try {
    const child = spawn(program, args, {
      env: { ...env },
      stdio: [input?.fd ?? 'ignore', 'pipe', 'pipe'],
    });
    // Both are pipes, which spawn's types don't say.
    const { stdout, stderr } = child as ChildProcessByStdio<null, Readable, Readable>;
    const end = (): void => {
      child.kill('SIGTERM');
      // What it has started itself may hold the other ends.
      stdout.destroy();
      stderr.destroy();
    };
    signal.addEventListener('abort', end);
    let said = '';
    stderr.setEncoding('utf8').on('data', (text: string) => {
      said = (said + text).slice(-TOLD_CHARACTERS);
    });
    const ended = new Promise<number | null>((resolve, reject) => {
      child.once('error', reject);
      child.once('close', resolve);
    });
    // It is awaited below, after what it prints.
    ended.catch(() => undefined);
    try {
      const result = await work(stdout).catch(async (error: unknown) => {
        end();
        await ended;
        throw error;
      });
      const code = await ended;
      signal.throwIfAborted();
      if (code === 0) return result;
      throw failed(program, code, said);
    } finally {
      signal.removeEventListener('abort', end);
    }
  } catch (error) {
    throw isMissing(error) ? missing(program, error) : error;
  } finally {
    await input?.close();
  }
}

export async function printedBy(run: ProgramRun): Promise<string> {
  return withProgram(run, async (printed) => {
    const chunks: Buffer[] = [];
    for await (const chunk of printed) chunks.push(Buffer.from(chunk));
    return Buffer.concat(chunks).toString('utf8');
  });
}

function isMissing(error: unknown): boolean {
  if (!(error instanceof Error && 'syscall' in error && 'code' in error)) return false;
  return (
    String(error.syscall).startsWith('spawn') && ['ENOENT', 'EACCES'].includes(String(error.code))
  );
}

function missing(program: string, cause: unknown): TierdError {
  return new TierdError({
    code: 'BACKUP_TOOL_UNFIT',
    message: `there is no program ${program} that can be run here; nothing was changed`,
    hint: 'install the PostgreSQL client of the server’s version (Debian: postgresql-client-17), or let `backup.programs` name the directory that has pg_dump and pg_restore',
    context: { program },
    cause,
  });
}

function failed(program: string, code: number | null, said: string): TierdError {
  const told = said.trim();
  const isForbidden = /permission denied/i.test(told);
  return new TierdError({
    code: 'DUMP_FAILED',
    message: `${program} ended with ${code === null ? 'a signal' : String(code)}: ${told === '' ? 'it said nothing' : told}`,
    hint: isForbidden
      ? 'a dump reads every table of the database: grant pg_read_all_data to the role that tierd connects as'
      : 'what it said names the reason; nothing that was there before was changed',
    context: { program, exitCode: code },
  });
}

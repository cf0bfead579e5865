/** One command line from parsing to its exit code. Never throws, never exits. */
import { type Command, CommanderError } from 'commander';
import { EXIT, type ExitCode, TierdError } from '../domain/errors.ts';
import type { CliContext, CliIo } from './context.ts';
import { READER_GONE } from './interrupt.ts';
import { createProgram } from './program.ts';
import {
  asTierdError,
  errorDocument,
  renderError,
  renderStack,
  stringify,
} from './terminal/errors.ts';

export async function runCli(io: CliIo): Promise<ExitCode> {
  const { program, context } = createProgram(io);
  // Held back until it is known whether help was asked for or is commander's way to complain.
  let help = '';
  const hold = (text: string): void => {
    help += text;
  };
  const configure = (command: Command): void => {
    command.exitOverride().configureOutput({
      writeOut: hold,
      writeErr: hold,
      getOutHelpWidth: () => context.out.width ?? 100,
      getErrHelpWidth: () => context.err.width ?? 100,
    });
    for (const child of command.commands) configure(child);
  };
  configure(program);

  try {
    await program.parseAsync([...io.argv], { from: 'user' });
    program.throwProblems();
    return context.exitCode;
  } catch (thrown) {
    if (!(thrown instanceof CommanderError)) return fail(await named(thrown), context);
    if (thrown.exitCode === 0) {
      io.stdout.write(help);
      return EXIT.done;
    }
    try {
      program.throwProblems();
    } catch (usage) {
      return fail(usage, context);
    }
    // A verb is missing: the help says which there are.
    io.stderr.write(help);
    return EXIT.usage;
  }
}

/** A server that fails outside of any job's own care is told as such, not as a defect of ours. */
async function named(thrown: unknown): Promise<unknown> {
  if (thrown instanceof TierdError) return thrown;
  // Only now: most command lines never need it.
  const { isPostgresError, postgresError } = await import('../hot/postgres-error.ts');
  return isPostgresError(thrown) ? postgresError(thrown, 'talking to PostgreSQL') : thrown;
}

/** Tells the error once: on stdout as JSON when a program reads it, on stderr for people. */
function fail(thrown: unknown, context: CliContext): ExitCode {
  context.liveLine.clear();
  const error = interrupted(thrown, context.signal) ?? asTierdError(thrown);
  if (context.signal.reason === READER_GONE && error.code === 'INTERRUPTED') return EXIT.done;
  if (context.options.json === true) {
    context.stdout.write(`${stringify(errorDocument(error), 2)}\n`);
    if (context.options.stack === true) context.stderr.write(`${renderStack(error)}\n`);
  } else {
    context.stderr.write(renderError(error, context.err, context.options.stack === true));
  }
  return error.exitCode;
}

/** What an aborted call threw, in tierd's words; a job's own account of it is better. */
function interrupted(thrown: unknown, signal: AbortSignal): TierdError | undefined {
  if (!signal.aborted || thrown instanceof TierdError) return undefined;
  const isAbort =
    thrown === signal.reason || (thrown instanceof Error && thrown.name === 'AbortError');
  if (!isAbort) return undefined;
  return new TierdError({
    code: 'INTERRUPTED',
    message: 'Interrupted. What was finished is kept; what was not can be run again.',
    cause: thrown,
  });
}

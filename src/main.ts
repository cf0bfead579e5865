#!/usr/bin/env node
/** argv → command → exit code. The only file that ends the process. */
import { listenForInterrupt, READER_GONE } from './cli/interrupt.ts';
import { runCli } from './cli/run.ts';
import { asTierdError, renderError } from './cli/terminal/errors.ts';
import { styleOf } from './cli/terminal/style.ts';
import type { JobMessage } from './daemon/job-message.ts';
import { EXIT, type ExitCode } from './domain/errors.ts';
import { systemClock } from './domain/time/clock.ts';

const { argv, env, stdin, stdout, stderr } = process;

/** Long enough for a step of a job to end or to roll back; nobody is left who would insist. */
const ORPHAN_PATIENCE_MS = 60_000;

const end = (code: ExitCode): void => {
  process.exit(code);
};

// What escapes every catch is told like any other error, not as a bare stack.
process.on('uncaughtException', (error) => {
  const style = styleOf(stderr, { wanted: !argv.includes('--no-color'), env });
  stderr.write(renderError(asTierdError(error), style, argv.includes('--stack')));
  end(EXIT.failed);
});

const interrupt = listenForInterrupt(
  process,
  (line) => stderr.write(stderr.isTTY ? `\n${line}\n` : `${line}\n`),
  end,
);

/** A pipe that nobody reads, and a terminal that was closed. */
const hasNoReader = ({ code }: NodeJS.ErrnoException): boolean =>
  code === 'EPIPE' || code === 'EIO';

// `tierd … | head`: whoever read has seen enough. What was asked for stops; nobody is alarmed.
stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (!hasNoReader(error)) throw error;
  interrupt.abort(READER_GONE);
});
// Messages that nobody reads must not stop a job.
stderr.on('error', (error: NodeJS.ErrnoException) => {
  if (!hasNoReader(error)) throw error;
});
// Nor does anybody type there any more.
stdin.on('error', (error: NodeJS.ErrnoException) => {
  if (!hasNoReader(error)) throw error;
  interrupt.abort(READER_GONE);
});

// A job of a daemon that is gone: nobody would hear of it, and the next daemon has its own.
const send = process.send?.bind(process);
if (send !== undefined) {
  const abandon = (): void => {
    interrupt.abort('the daemon is gone');
    setTimeout(() => end(EXIT.interrupted), ORPHAN_PATIENCE_MS).unref();
  };
  process.once('disconnect', abandon);
  // It may have gone while this program was still being loaded.
  if (!process.connected) abandon();
}

const tellDaemon = (message: JobMessage): void => {
  if (process.connected) send?.(message);
};

end(
  await runCli({
    argv: argv.slice(2),
    env,
    workingDirectory: process.cwd(),
    stdin,
    stdout,
    stderr,
    clock: systemClock,
    signal: interrupt.signal,
    ...(send === undefined ? {} : { sendToDaemon: tellDaemon }),
  }),
);

#!/usr/bin/env node
/** argv → command → exit code. The only file that ends the process. */
import { listenForInterrupt } from './cli/interrupt.ts';
import { runCli } from './cli/run.ts';
import { systemClock } from './domain/clock.ts';
import type { ExitCode } from './domain/errors.ts';

const end = (code: ExitCode): void => {
  process.exit(code);
};

const interrupt = listenForInterrupt(process, (line) => process.stderr.write(`\n${line}\n`), end);

// `tierd … | head`: whoever read has seen enough. Nothing more is written, nobody is alarmed.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
    stream.destroy();
  });
}

end(
  await runCli({
    argv: process.argv.slice(2),
    env: process.env,
    workingDirectory: process.cwd(),
    stdin: process.stdin,
    stdout: process.stdout,
    stderr: process.stderr,
    clock: systemClock,
    signal: interrupt.signal,
  }),
);

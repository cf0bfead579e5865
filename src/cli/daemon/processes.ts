/** The processes that the daemon starts: jobs, and the hooks before it stops. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { CONFIG_ON_STDIN, type TierdConfig } from '../../config/load.ts';
import type { DaemonLogger } from '../../daemon/job.ts';
import { type JobHooks, type JobProcess, startJob } from '../../daemon/job-process.ts';
import { splitLines } from '../../daemon/split-lines.ts';
import { passOn } from '../../daemon/tell-run.ts';
import type { CliIo } from '../context.ts';

const PROGRAM = fileURLToPath(new URL('../../main.js', import.meta.url));

/** DuckDB works on libuv's threads and would leave none for the file system. */
const THREAD_POOL = '16';
const SAMPLE_MEMORY_EVERY_MS = 1_000;
/** Of the shutdown timeout: the rest is for the hooks, and for giving up the lease. */
const KILL_AFTER_SHARE = 2 / 3;

/** Runs `tierd <argv>` by the configuration as the daemon has read it, whatever its file says now. */
export function startTierdJob(
  config: TierdConfig,
  io: Pick<CliIo, 'env' | 'workingDirectory'>,
  argv: readonly string[],
  timeoutMs: number | null,
  hooks: JobHooks,
): JobProcess {
  const { daemon } = config;
  return startJob(
    {
      program: PROGRAM,
      argv: [...argv, '--json'],
      env: { UV_THREADPOOL_SIZE: THREAD_POOL, ...io.env, [CONFIG_ON_STDIN]: config.file },
      workingDirectory: io.workingDirectory,
      stdin: config.text,
      heapLimitMb: daemon.jobHeapMb,
    },
    {
      timeoutMs,
      memoryBytes: daemon.jobMemoryBytes,
      sampleEveryMs: SAMPLE_MEMORY_EVERY_MS,
      killAfterMs: Math.floor(daemon.shutdownTimeoutMs * KILL_AFTER_SHARE),
    },
    hooks,
  );
}

/** One after the other; a hook that fails keeps none of the others from running. Never rejects. */
export async function runShutdownHooks(
  config: TierdConfig,
  io: Pick<CliIo, 'env' | 'workingDirectory'>,
  logger: DaemonLogger,
  signal: AbortSignal,
): Promise<void> {
  for (const hook of config.daemon.shutdownHooks) {
    if (signal.aborted) {
      logger.warn({ hook }, `no time is left for the hook ${hook}`);
      continue;
    }
    logger.info({ hook }, `running the hook ${hook}`);
    const end = hook.startsWith('tierd ')
      ? await runOwnCommand(config, io, hook, logger, signal)
      : await runShell(io, hook, logger, signal);
    if (end !== 0) logger.warn({ hook }, `the hook ${hook} ended with ${String(end)}`);
  }
}

type HookEnd = number | string | null;

async function runOwnCommand(
  config: TierdConfig,
  io: Pick<CliIo, 'env' | 'workingDirectory'>,
  hook: string,
  logger: DaemonLogger,
  signal: AbortSignal,
): Promise<HookEnd> {
  const words = hook.split(/\s+/).slice(1);
  const job = startTierdJob(config, io, words, null, {
    onProgress: () => undefined,
    onMemory: () => undefined,
    onLine: (line) => passOn(logger, 'hook', line),
  });
  const stop = (): void => job.stop('stop');
  signal.addEventListener('abort', stop, { once: true });
  const { exitCode, signal: killedBy, startFailure } = await job.ended;
  signal.removeEventListener('abort', stop);
  return exitCode ?? killedBy ?? startFailure;
}

async function runShell(
  io: Pick<CliIo, 'env' | 'workingDirectory'>,
  hook: string,
  logger: DaemonLogger,
  signal: AbortSignal,
): Promise<HookEnd> {
  const child = spawn('/bin/sh', ['-c', hook], {
    cwd: io.workingDirectory,
    env: { ...io.env },
    stdio: ['ignore', 'pipe', 'pipe'],
    signal,
    killSignal: 'SIGKILL',
  });
  for (const stream of [child.stdout, child.stderr]) {
    splitLines(stream, (line) => logger.info({ hook }, line));
  }
  try {
    const [exitCode, killedBy] = (await once(child, 'exit')) as [number | null, string | null];
    return exitCode ?? killedBy;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

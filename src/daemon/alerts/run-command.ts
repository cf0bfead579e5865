/** Alerts to a command of the operator's: JSON on its stdin, the same in its environment. */
import { spawn } from 'node:child_process';
import {
  type AlertDocument,
  alertDocument,
  type Receiver,
  type Sender,
  type Sent,
} from './receiver.ts';

export interface AlertCommand {
  readonly name: string;
  /** For /bin/sh. Nothing of an alert is ever put into it. */
  readonly command: string;
  readonly timeoutMs: number;
  /** Of the daemon: of it the command gets only what it needs, and what `variables` name. */
  readonly variables: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly workingDirectory: string;
}

const MAX_ERROR_SHOWN = 200;

export function commandSender(command: AlertCommand, sender: Sender): Receiver['send'] {
  return (notification, signal) => run(command, alertDocument(notification, sender), signal);
}

function run(
  { command, timeoutMs, variables, env, workingDirectory }: AlertCommand,
  document: AlertDocument,
  signal: AbortSignal,
): Promise<Sent> {
  return new Promise((resolve) => {
    const failed = (reason: string): void =>
      resolve({ ok: false, reason, isFinal: false, retryAfterMs: null });
    const child = spawn('/bin/sh', ['-c', command], {
      cwd: workingDirectory,
      env: { ...environmentFor(env, variables), ...variablesOf(document) },
      stdio: ['pipe', 'ignore', 'pipe'],
      // A group of its own, so that what it started can be ended with it.
      detached: true,
    });
    let stderr = '';
    let hasTakenTooLong = false;
    const end = (): void => {
      hasTakenTooLong = !signal.aborted;
      killGroup(child.pid);
    };
    const timer = setTimeout(end, timeoutMs);
    signal.addEventListener('abort', end, { once: true });
    const over = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', end);
      child.stderr.destroy();
    };
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr = (stderr + text).slice(-MAX_ERROR_SHOWN);
    });
    // It need not read what it is told; its exit code is its answer.
    child.stdin.on('error', () => undefined);
    child.stdin.end(`${JSON.stringify(document)}\n`);
    child.once('error', (error) => {
      over();
      failed(`could not be started: ${error.message}`);
    });
    child.once('exit', (code, killedBy) => {
      over();
      if (code === 0) resolve({ ok: true, answer: 'exit code 0' });
      else if (hasTakenTooLong) failed(`took longer than ${String(timeoutMs)} ms and was killed`);
      else failed(describe(code, killedBy, stderr));
    });
  });
}

/** What any program may want to know of where it runs. Everything else may be a secret. */
const USUAL = /^(?:PATH|HOME|USER|LOGNAME|SHELL|LANG|LC_[A-Z]+|TZ|TMPDIR)$/;

function environmentFor(
  env: AlertCommand['env'],
  variables: readonly string[],
): Record<string, string | undefined> {
  return Object.fromEntries(
    Object.entries(env).filter(([name]) => USUAL.test(name) || variables.includes(name)),
  );
}

function describe(code: number | null, killedBy: string | null, stderr: string): string {
  const way = code === null ? `killed by ${String(killedBy)}` : `exit code ${String(code)}`;
  const last = stderr.trim().split('\n').at(-1) ?? '';
  return last === '' ? way : `${way}: ${last}`;
}

function variablesOf(document: AlertDocument): Record<string, string> {
  return Object.fromEntries(
    Object.entries(document).map(([key, value]: [string, string]) => [
      `TIERD_ALERT_${key.toUpperCase()}`,
      // No variable can hold a NUL, and the process would not be started.
      value.replaceAll('\0', ''),
    ]),
  );
}

function killGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // It is gone already.
  }
}

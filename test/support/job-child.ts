/** Programs for the daemon to run as jobs: each misbehaves in its own way. */
import { join } from 'node:path';
import type { JobCommand, JobLimits } from '../../src/daemon/job-process.ts';
import { directoryWith } from './config-file.ts';

const PROGRAM = `
import { appendFileSync, readFileSync } from 'node:fs';
import { spawn } from 'node:child_process';
const [mode, ...rest] = process.argv.slice(2);
const stay = () => setInterval(() => undefined, 1000);
const ways = {
  exit() { console.log(rest[1] ?? '{}'); process.exitCode = Number(rest[0]); },
  echo() { console.log(JSON.stringify({ stdin: readFileSync(0, 'utf8'), execArgv: process.execArgv, a: process.env.A })); process.exit(0); },
  progress() { process.send({ kind: 'nonsense' }); process.send({ kind: 'progress', progress: { label: 'x', unit: 'rows', done: 1 } }, () => process.exit(0)); },
  lines() { process.stderr.write('plain\\n{"level":"warn","msg":"said","n":1}\\n\\nlast'); },
  obey() { process.on('SIGTERM', () => process.exit(130)); process.stderr.write('up\\n'); stay(); },
  stubborn() { process.on('SIGTERM', () => undefined); process.stderr.write('up\\n'); stay(); },
  parent() { const c = spawn(process.execPath, ['-e', 'setInterval(()=>0,1e3)'], { stdio: 'inherit' }); process.on('SIGTERM', () => undefined); process.stderr.write(c.pid + '\\n'); stay(); },
  eat() { const held = []; setInterval(() => held.push(Buffer.alloc(16 << 20, 1)), 10); },
  crash() { process.abort(); },
  counted() { appendFileSync(rest[0], 'x'); const n = readFileSync(rest[0]).length; console.log(JSON.stringify({ error: { code: 'E', message: 'try ' + n, retry: true } })); process.exitCode = n < Number(rest[1]) ? 1 : 0; },
};
ways[mode]();
`;

/** Its files go with the test. */
export function childProgram(): { readonly directory: string; readonly program: string } {
  const directory = directoryWith({ 'child.mjs': PROGRAM });
  return { directory, program: join(directory, 'child.mjs') };
}

export function childCommand(...argv: readonly string[]): JobCommand {
  const { directory, program } = childProgram();
  return {
    program,
    argv,
    env: { ...process.env, A: 'b' },
    workingDirectory: directory,
    stdin: 'text',
    heapLimitMb: 128,
  };
}

export const GENEROUS: JobLimits = {
  timeoutMs: null,
  memoryBytes: null,
  sampleEveryMs: 20,
  killAfterMs: 30_000,
};

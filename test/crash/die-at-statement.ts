/**
 * Loaded into tierd before anything else: writes each statement that it sends to PostgreSQL to the file descriptor 3, one a line, and
 * kills it (SIGKILL) at the one that `TIERD_TEST_KILL_AT` names by its ordinal: before it, or once it is on its way.
 */
import { writeSync } from 'node:fs';
import pg from 'pg';

const killAt = Number(process.env['TIERD_TEST_KILL_AT']);
const isBefore = process.env['TIERD_TEST_KILL_MOMENT'] === 'before';

const query: unknown = Reflect.get(pg.Client.prototype, 'query');
let met = 0;

function die(): void {
  // Time for the kernel to pass on what was just sent; nothing of ours runs meanwhile.
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 2);
  process.kill(process.pid, 'SIGKILL');
}

function observed(this: pg.Client, ...args: unknown[]): unknown {
  met += 1;
  const [statement] = args;
  const text = typeof statement === 'string' ? statement : (statement as { text: string }).text;
  writeSync(3, `${text.trim().replaceAll(/\s+/g, ' ').slice(0, 60)}\n`);
  if (isBefore && met === killAt) die();
  const asked: unknown = Reflect.apply(query as (...all: unknown[]) => unknown, this, args);
  if (!isBefore && met === killAt) die();
  return asked;
}

Reflect.set(pg.Client.prototype, 'query', observed);

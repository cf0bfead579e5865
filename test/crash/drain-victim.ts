/**
 * A process that drains and dies. Reads a `DrainVictimOrder` from the first argument; prints the label
 * of every effect it meets, one a line, and kills itself (SIGKILL) at the one it was told.
 */
import { writeSync } from 'node:fs';
import { systemClock } from '../../src/domain/time/clock.ts';
import { connect } from '../../src/hot/server/connect.ts';
import type { DrainRooms } from '../../src/jobs/drain/rooms.ts';
import { drainSource } from '../../src/jobs/drain.ts';
import { connectLive } from '../../src/live/connect.ts';
import { targetOf } from '../support/live-target.ts';
import { observeLive } from './drain-effects.ts';
import { type DrainVictimOrder, sceneSource } from './drain-scenario.ts';
import { observeConnect } from './effects.ts';

const order = JSON.parse(process.argv[2] ?? '') as DrainVictimOrder;

let met = 0;
const die = (): void => {
  // Time for the kernel to pass on what was just sent; nothing of ours runs meanwhile.
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 2);
  process.kill(process.pid, 'SIGKILL');
};
const isTheOne = (label: string): boolean =>
  typeof order.killAt === 'string' ? label.startsWith(order.killAt) : met === order.killAt;
const observer = {
  before(label: string): void {
    met += 1;
    writeSync(1, `${label}\n`);
    if (isTheOne(label) && order.moment === 'before') die();
  },
  sent(label: string): void {
    if (isTheOne(label) && order.moment === 'sent') die();
  },
};

const rooms: DrainRooms = {
  connect: observeConnect(() => connect({ url: order.url, job: 'victim' }), observer),
  connectLive: async () =>
    observeLive(await connectLive(targetOf(order.redisUrl), 'victim'), observer),
  clock: systemClock,
  random: Math.random,
  isByHand: true,
  holder: `victim:${String(process.pid)}`,
  settings: {
    leaseTtlMs: order.leaseTtlMs,
    statementTimeoutMs: 20_000,
    lockTimeoutMs: 5_000,
    keepDeliveriesMs: 86_400_000,
    patienceMs: 0,
  },
  signal: new AbortController().signal,
  emit: () => undefined,
};
await drainSource(rooms, sceneSource(order.kind, order.name), { followEveryMs: null });

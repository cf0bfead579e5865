/**
 * A process that rotates, restores, compacts, expires, deletes, corrects, ingests, copies the lake, sends segments far or makes partitions, and dies. Reads a `VictimOrder` from the first argument; prints the label
 * of every effect it meets, one a line, and kills itself (SIGKILL) at the one it was told.
 */
import { randomUUID } from 'node:crypto';
import { writeSync } from 'node:fs';
import { withSpillDirectory } from '../../src/cli/rooms/spill-directory.ts';
import { connect, disconnect } from '../../src/hot/server/connect.ts';
import { compactDataset } from '../../src/jobs/compact.ts';
import { copyLake } from '../../src/jobs/copy-lake.ts';
import { expireDataset } from '../../src/jobs/expire.ts';
import { restoreDataset } from '../../src/jobs/restore.ts';
import { rotateDataset } from '../../src/jobs/rotate.ts';
import type { Rooms } from '../../src/jobs/rotation/rooms.ts';
import { nodeFileSystem } from '../../src/lake/file-system.ts';
import { openLocalStore } from '../../src/lake/local-store.ts';
import type { ObjectStore } from '../../src/lake/object-store.ts';
import { openS3Store } from '../../src/lake/s3/s3-store.ts';
import { openS3Api } from '../../src/lake/s3/sdk-api.ts';
import { DuckEngine } from '../../src/lake/segment/duckdb.ts';
import { openTieredStore } from '../../src/lake/tiered-store.ts';
import { adopt } from '../support/adopt.ts';
import { correct } from '../support/correct.ts';
import { conditionRooms, deleteFrom } from '../support/delete.ts';
import { ingest } from '../support/ingest.ts';
import { makeAhead } from '../support/partitions.ts';
import { tier } from '../support/tiers.ts';
import { observeConnect, observeFileSystem, observeS3 } from './effects.ts';
import { DELETED, farOf, type VictimOrder } from './scenario.ts';

const order = JSON.parse(process.argv[2] ?? '') as VictimOrder;

let met = 0;
const die = (): void => {
  // Time for the kernel to pass on what was just sent; nothing of ours runs meanwhile.
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 2);
  process.kill(process.pid, 'SIGKILL');
};
/** Of the file system's calls only `link` shows; the others, half done, are the next one's before. */
const counts = (label: string): boolean =>
  order.moment === 'before' || !label.startsWith('fs.') || label === 'fs.link';
const isTheOne = (label: string): boolean =>
  typeof order.killAt === 'string' ? label.startsWith(order.killAt) : met === order.killAt;
const observer = {
  before(label: string): void {
    if (!counts(label)) return;
    met += 1;
    writeSync(1, `${label}\n`);
    if (isTheOne(label) && order.moment === 'before') die();
  },
  sent(label: string): void {
    if (counts(label) && isTheOne(label) && order.moment === 'sent') die();
  },
};

const fileSystem = observeFileSystem(nodeFileSystem, observer);

await withSpillDirectory(order.spill, work);

async function work(spill: string): Promise<void> {
  const engine = await DuckEngine.open({
    memoryLimitBytes: 128 * 1024 * 1024,
    threads: 1,
    tempDirectory: spill,
  });
  const rooms: Rooms = {
    connect: observeConnect(() => connect({ url: order.url, job: 'victim' }), observer),
    store: await openStore(),
    fileSystem,
    engine,
    tempDirectory: spill,
    clock: { now: () => order.now },
    newId: randomUUID,
    isByHand: true,
    holder: `victim:${String(process.pid)}`,
    version: '0.0.0-test',
    settings: {
      leaseTtlMs: order.leaseTtlMs,
      statementTimeoutMs: 20_000,
      lockTimeoutMs: 2_000,
      gracePeriodMs: 0,
      vacuum: { enabled: true, analyze: false, truncate: false },
    },
    signal: new AbortController().signal,
    emit: () => undefined,
  };
  await runJob(rooms);
  engine.close();
}

async function runJob(rooms: Rooms): Promise<void> {
  const {
    dataset,
    restore,
    compact,
    expire,
    delete: deletes,
    correct: file,
    ingest: brought,
    adopt: adopts,
    tier: tiers,
    partitions,
    copy,
  } = order;
  const telling = { ...rooms, tell: () => undefined };
  if (compact !== undefined) {
    await compactDataset(telling, dataset, { evenIfPaused: false, ...compact });
  } else if (expire === true) {
    const options = { force: false, evenIfPaused: false, mayEmpty: false };
    await expireDataset(telling, dataset, options);
  } else if (deletes === true) await deleteFrom({ rooms }, dataset, DELETED, { coldOnly: true });
  else if (tiers === true) await tier({ rooms }, dataset);
  else if (partitions === true) await makeAhead(rooms, dataset);
  else if (adopts === true) await adopt({ rooms }, [dataset]);
  else if (file !== undefined) await correct({ rooms }, dataset, file);
  else if (brought !== undefined) {
    await ingest({ rooms }, dataset, [brought], { onConflict: 'replace' });
  } else if (copy !== undefined) await copyInto(rooms, copy);
  else if (restore === undefined) await rotateDataset(rooms, dataset, { force: true });
  else {
    const request = { ...restore, into: null, pinUntil: null };
    const all = { ...telling, ...conditionRooms(rooms, dataset) };
    await restoreDataset(all, dataset, request, { force: true });
  }
}

async function copyInto(
  rooms: Rooms,
  { into, by }: NonNullable<VictimOrder['copy']>,
): Promise<void> {
  const store = openS3Store(observeS3(openS3Api(into), observer), by, fileSystem);
  const db = await rooms.connect('work');
  const target = { store, fileSystem, isLocal: false, minFreeBytes: 0 };
  await copyLake(rooms, db, target, () => undefined);
  await disconnect(db);
}

async function openStore(): Promise<ObjectStore> {
  if (order.s3 === null) {
    const near = await openLocalStore(order.lake, fileSystem);
    if (order.tier === undefined) return near;
    return openTieredStore(near, await openLocalStore(farOf(order.lake), fileSystem));
  }
  return openS3Store(observeS3(openS3Api(order.s3), observer), order.lake, fileSystem);
}

/** I12: a lake belongs to one ledger of one database. */
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, expect, it } from 'vitest';
import { connect, disconnect } from '../../../src/hot/server/connect.ts';
import { separateLake, takeOverLake } from '../../../src/jobs/lake-owner.ts';
import { planRotationOf } from '../../../src/jobs/rotate.ts';
import type { Rooms } from '../../../src/jobs/rotation/rooms.ts';
import { scrub } from '../../../src/jobs/scrub.ts';
import { nodeFileSystem } from '../../../src/lake/file-system.ts';
import { openLocalStore } from '../../../src/lake/local-store.ts';
import { MARKER_KEY, OWNER_DIRECTORY } from '../../../src/lake/object-key.ts';
import type { ObjectStore } from '../../../src/lake/object-store.ts';
import { unfinishedMoves } from '../../../src/ledger/moves.ts';
import { runInside } from '../../support/cli.ts';
import { directoryWith } from '../../support/config-file.ts';
import { createTestDatabase, type TestDatabase } from '../../support/database.ts';
import { dumpDatabase } from '../../support/dump.ts';
import { restore } from '../../support/restore.ts';
import { NOW, openBench } from '../../support/rotation.ts';
import { describeOn } from '../../support/servers.ts';
import {
  dueRows,
  expectConverged,
  expectNothingLost,
  failureOf,
  openScene,
  rotateForced,
  type Scene,
} from '../faults/scene.ts';

let scene: Scene;

/** As `pg_dump | psql` would. */
async function copyOf(database: TestDatabase): Promise<TestDatabase> {
  const dump = await dumpDatabase(database.url, ['--inserts']);
  const copy = await createTestDatabase();
  const client = await copy.connect();
  // psql's own commands mean nothing to the server.
  await client.query(dump.replaceAll(/^\\.*$/gm, ''));
  await client.end();
  return copy;
}

const roomsOn = (database: TestDatabase, rooms: Rooms): Rooms => ({
  ...rooms,
  connect: () => connect({ url: database.url, job: 'test' }),
});

/** A store whose first object is put only after, or only before, `step`. */
function aroundFirstPut(
  store: ObjectStore,
  when: 'before' | 'after',
  step: () => Promise<void>,
): ObjectStore {
  let pending: typeof step | null = step;
  const once = async (): Promise<void> => {
    const due = pending;
    pending = null;
    await due?.();
  };
  return new Proxy(store, {
    get(target, name) {
      const member: unknown = Reflect.get(target, name, target);
      if (typeof member !== 'function') return member;
      if (name !== 'putIfAbsent') return member.bind(target) as unknown;
      return async (...args: Parameters<ObjectStore['putIfAbsent']>) => {
        if (when === 'before') await once();
        const outcome = await target.putIfAbsent(...args);
        if (when === 'after') await once();
        return outcome;
      };
    },
  });
}

/** The copy of a ledger taken while a move was publishing, which the original committed since. */
async function copyTakenWhilePublishing(): Promise<TestDatabase> {
  let copy: TestDatabase | undefined;
  const store = aroundFirstPut(scene.rooms.store, 'after', async () => {
    copy = await copyOf(scene.database);
  });
  await rotateForced({ ...scene.rooms, store }, scene.dataset);
  if (copy === undefined) throw new Error('nothing was published');
  expect(await unfinishedOf(copy)).not.toEqual([]);
  // The lease was copied as well, and has no process behind it: as it is once it has ended.
  await copy.query('update tierd.leases set expires_at = clock_timestamp()');
  return copy;
}

async function unfinishedOf(database: TestDatabase) {
  const client = await database.connect();
  try {
    return await unfinishedMoves(client, scene.dataset.name);
  } finally {
    await client.end();
  }
}

async function lakeFiles(): Promise<readonly string[]> {
  const entries = await readdir(scene.bench.lake, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}

async function withClient<T>(
  database: TestDatabase,
  work: (client: Awaited<ReturnType<Rooms['connect']>>) => Promise<T>,
): Promise<T> {
  const client = await connect({ url: database.url, job: 'test' });
  try {
    return await work(client);
  } finally {
    await disconnect(client);
  }
}

const takeOver = (database: TestDatabase) =>
  withClient(database, (client) => takeOverLake(roomsOn(database, scene.rooms), client));

const scrubRequest = {
  dataset: null,
  sample: null,
  prove: null,
  onProgress: () => undefined,
} as const;

describeOn('pg_dump', 'a lake and its ledger', () => {
  beforeEach(async () => {
    scene = await openScene({ database: await createTestDatabase() });
  });

  it('I12: a copy of the ledger changes nothing in the original’s lake, whatever it is asked', async () => {
    const copy = roomsOn(await copyTakenWhilePublishing(), scene.rooms);
    const before = await lakeFiles();
    for (const ask of [
      () => rotateForced(copy, scene.dataset),
      () => planRotationOf(copy, scene.dataset),
      () => scrub(copy, scrubRequest),
    ]) {
      expect(await failureOf(ask())).toMatchObject({ code: 'LAKE_NOT_OWNED' });
    }
    expect(await lakeFiles()).toEqual(before);
    await expectNothingLost(scene);
  });

  it('I12: a copy that takes the lake over removes nothing that the original made live', async () => {
    const copy = await copyTakenWhilePublishing();
    const before = await lakeFiles();
    const { givenUp, epoch } = await takeOver(copy);
    expect({ epoch, givenUp: givenUp.length > 0 }).toEqual({ epoch: 2, givenUp: true });

    const outcome = await rotateForced(roomsOn(copy, scene.rooms), scene.dataset);
    expect(outcome.totals.failed).toEqual([]);
    expect(await lakeFiles()).toEqual(expect.arrayContaining([...before]));
    // The original still finds each of its rows, and is refused.
    await expectNothingLost(scene);
    expect(await failureOf(rotateForced(scene.rooms, scene.dataset))).toMatchObject({
      code: 'LAKE_NOT_OWNED',
    });
  });

  it('I12: a rotation whose lake is taken over meanwhile moves nothing', async () => {
    const first = scene.rooms;
    const due = await dueRows(scene);
    let copy: TestDatabase | undefined;
    const store = aroundFirstPut(first.store, 'before', async () => {
      copy = await copyOf(scene.database);
      // The copied lease is the original's, and has no process behind it.
      await copy.query('update tierd.leases set expires_at = clock_timestamp()');
      await takeOver(copy);
    });
    const outcome = rotateForced({ ...first, store }, scene.dataset);
    expect(await failureOf(outcome)).toMatchObject({ code: 'LAKE_NOT_OWNED' });
    expect(await dueRows(scene)).toBe(due);
    await expectNothingLost(scene);
  });

  it('I12: of two ledgers that take a lake over, the last one has it', async () => {
    await rotateForced(scene.rooms, scene.dataset);
    const copy = await copyOf(scene.database);
    expect((await takeOver(copy)).epoch).toBe(2);
    expect((await takeOver(scene.database)).epoch).toBe(3);
    expect(await failureOf(rotateForced(roomsOn(copy, scene.rooms), scene.dataset))).toMatchObject({
      code: 'LAKE_NOT_OWNED',
    });
    await expectConverged(scene);
  });

  it('I12: a copy that separates has a lake of its own, and no claim on the original’s', async () => {
    const copy = await copyTakenWhilePublishing();
    const before = await lakeFiles();
    const place = join(scene.bench.directory, 'lake-of-the-copy');
    const rooms = {
      ...roomsOn(copy, scene.rooms),
      store: await openLocalStore(place, nodeFileSystem),
    };
    const here = roomsOn(copy, scene.rooms);
    expect(await failureOf(withClient(copy, (client) => separateLake(here, client)))).toMatchObject(
      { code: 'REFUSED' },
    );
    await withClient(copy, (client) => separateLake(rooms, client));

    const outcome = await rotateForced(rooms, scene.dataset);
    expect(outcome.totals.failed).toEqual([]);
    expect(outcome.totals.moved.length).toBeGreaterThan(0);
    expect(await lakeFiles()).toEqual(before);
    await expectNothingLost(scene);
    await rotateForced(scene.rooms, scene.dataset);
  });

  it('I12: a copy that separates forgets what was restored with the rest', async () => {
    const { database, bench, dataset, rooms } = scene;
    await rotateForced(rooms, dataset);
    await scrub(rooms, scrubRequest);
    const all = { fromInclusive: 0, toExclusive: NOW };
    await database.query(
      `insert into tierd.slice_intervals select id, 'interval', '[]' from tierd.slices`,
    );
    const { totals } = await restore(bench, dataset, all, { force: true });
    expect(totals.restored.length).toBeGreaterThan(0);
    const copy = await copyOf(database);
    const place = join(bench.directory, 'lake-of-the-copy');
    const there = {
      ...roomsOn(copy, rooms),
      store: await openLocalStore(place, nodeFileSystem),
    };
    await withClient(copy, (client) => separateLake(there, client));
    for (const table of ['slices', 'segments', 'slice_intervals', 'scrubs']) {
      expect((await database.query(`select from tierd.${table}`)).rowCount).toBeGreaterThan(0);
      expect((await copy.query(`select from tierd.${table}`)).rowCount).toBe(0);
    }
  });

  it('I12: a new ledger before a lake in use is refused, and a command line says so', async () => {
    await rotateForced(scene.rooms, scene.dataset);
    const before = await lakeFiles();
    const other = await createTestDatabase();
    await openBench(other);
    await other.query(`create table ${scene.dataset.name} (time timestamptz, symbol text)`);
    await other.query(`insert into ${scene.dataset.name} values ('2020-01-01', 'a')`);
    const ask = (url: string, ...argv: string[]) => {
      const directory = directoryWith({
        'tierd.yaml': `
postgres: { url: "${url}" }
lake: { type: local, path: "${scene.bench.directory}", min_free: 0MB }
datasets: { ${scene.dataset.name}: { time_column: time } }
`,
      });
      return runInside(['--config', join(directory, 'tierd.yaml'), ...argv], {
        clock: scene.rooms.clock,
      });
    };
    for (const argv of [['rotate', scene.dataset.name, '--force'], ['scrub']]) {
      const { exitCode, stderr } = await ask(other.url, ...argv);
      expect({ exitCode, stderr }).toMatchObject({
        exitCode: 1,
        stderr: expect.stringMatching(/LAKE_NOT_OWNED/) as string,
      });
    }
    expect((await ask(other.url, 'doctor')).stdout).toMatch(/error +lake_identity/);
    expect((await ask(other.url, 'status')).stdout).toContain('LAKE_NOT_OWNED');
    expect((await ask(other.url, 'lake', 'show')).stdout).toContain('not this ledger’s');
    expect((await ask(scene.database.url, 'lake', 'show')).stdout).toContain('it is this ledger’s');
    expect(
      await ask(other.url, 'query', `select count(*) from ${scene.dataset.name}`),
    ).toMatchObject({
      exitCode: 0,
      stderr: expect.stringContaining('no row of the lake is in the answer') as string,
    });
    const copy = await copyOf(scene.database);
    const asked = await ask(copy.url, 'query', `select count(*) from ${scene.dataset.name}`);
    expect(asked).toMatchObject({
      exitCode: 0,
      stderr: expect.stringContaining('not the owner of the lake') as string,
    });
    const refused = await ask(other.url, 'lake', 'take-over');
    expect(refused).toMatchObject({
      exitCode: 2,
      stderr: expect.stringContaining('--yes') as string,
    });
    const unasked = await ask(other.url, 'adopt');
    expect(unasked).toMatchObject({
      exitCode: 2,
      stderr: expect.stringContaining('--yes') as string,
    });
    expect(await lakeFiles()).toEqual(before);

    expect(await ask(other.url, 'lake', 'take-over', '--yes')).toMatchObject({
      exitCode: 0,
      stdout: expect.stringMatching(
        /taken over.*\nunknown +\d+ files? .* not found through it.*tierd adopt/,
      ) as string,
    });
    const scrubbed = await ask(other.url, 'scrub');
    expect(scrubbed).toMatchObject({
      exitCode: 1,
      stdout: expect.stringContaining('not in this ledger') as string,
    });
  });

  it('I12: a lake from before owners were noted is claimed by the first that rotates', async () => {
    await rotateForced(scene.rooms, scene.dataset);
    await rm(join(scene.bench.lake, OWNER_DIRECTORY), { recursive: true });
    await scene.database.query('update tierd.lake set epoch = 0');
    const copy = roomsOn(await copyOf(scene.database), scene.rooms);
    await planRotationOf(copy, scene.dataset);
    await expectConverged(scene);
    expect(await failureOf(rotateForced(copy, scene.dataset))).toMatchObject({
      code: 'LAKE_NOT_OWNED',
    });
  });

  it.each([MARKER_KEY, `${OWNER_DIRECTORY}/000001.json`])(
    'I4, I12: a claim that is cut off at %s goes on with the next rotation',
    async (cutAt) => {
      const { store } = scene.rooms;
      const cut = new Proxy(store, {
        get(target, name) {
          const member: unknown = Reflect.get(target, name, target);
          if (typeof member !== 'function') return member;
          if (name !== 'putSmallIfAbsent') return member.bind(target) as unknown;
          return (key: string, bytes: Uint8Array) => {
            if (key === cutAt) throw new Error('cut off');
            return target.putSmallIfAbsent(key, bytes);
          };
        },
      });
      await expect(rotateForced({ ...scene.rooms, store: cut }, scene.dataset)).rejects.toThrow();
      await expectConverged(scene);
    },
  );
});

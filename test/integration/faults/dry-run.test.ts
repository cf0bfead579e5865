/** I7: a dry run changes nothing: the lake byte for byte, the database by its dump. */
import { createHash } from 'node:crypto';
import { readdir, readFile, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { beforeEach, expect, it } from 'vitest';
import type { Rooms } from '../../../src/jobs/rotation/rooms.ts';
import { createTable, fillTable, type ScenarioKind } from '../../crash/scenario.ts';
import { type CliResult, runInside } from '../../support/cli.ts';
import { directoryWith } from '../../support/config-file.ts';
import { createTestDatabase, type TestDatabase } from '../../support/database.ts';
import { dumpDatabase } from '../../support/dump.ts';
import { NOW } from '../../support/rotation.ts';
import { describeOn } from '../../support/servers.ts';
import { failureOf, openScene, rotateForced, type Scene } from './scene.ts';

/** Every file and directory with its bytes and times; empty where there is no lake. */
async function fingerprint(lake: string): Promise<readonly string[]> {
  const entries = await readdir(lake, { recursive: true }).catch(() => null);
  if (entries === null) return [];
  return Promise.all(
    ['.', ...entries.sort()].map(async (entry) => {
      const path = join(lake, entry);
      const facts = await stat(path, { bigint: true });
      const bytes = facts.isFile() ? await readFile(path) : '';
      const hash = createHash('sha256').update(bytes).digest('hex');
      return [entry, facts.mtimeNs, facts.ctimeNs, facts.mode, hash].join(' ');
    }),
  );
}

const dryRuns: readonly (readonly string[])[] = [
  ['rotate', '--dry-run'],
  ['rotate', '--dry-run', '--json'],
  ['rotate', '--dry-run', '--force', '--full'],
  ['cleanup', '--dry-run', '--hot-days', '1'],
  ['cleanup', '--analyze-only'],
  ['cleanup', '--hot-days', '1'],
  ['status'],
];

/** What tierd prints; lake and database must be as they were. */
async function runAllDry(
  database: TestDatabase,
  lake: string,
  table: string,
): Promise<readonly CliResult[]> {
  const root = dirname(lake);
  const workingDirectory = directoryWith({
    'unified_config.yaml': `
postgres: { url: "${database.url}" }
lake: { type: local, path: "${root}", min_free: 0MB }
storage: { lifecycle: { guards: { max_clock_skew: 100000d } } }
datasets: { ${table}: { time_column: time } }`,
  });
  const before = [await dumpDatabase(database.url), await fingerprint(root)];
  const results: CliResult[] = [];
  for (const argv of dryRuns) {
    results.push(await runInside(argv, { workingDirectory, clock: { now: () => NOW } }));
  }
  expect([await dumpDatabase(database.url), await fingerprint(root)]).toEqual(before);
  expect(await readdir(workingDirectory)).toEqual(['unified_config.yaml']);
  return results;
}

/** A rotation that ends in the middle, just before it would commit, and clears up nothing. */
async function leaveLeftovers(scene: Scene): Promise<void> {
  let isDead = false;
  const rooms: Rooms = {
    ...scene.rooms,
    emit(event) {
      if (event.kind === 'step' && event.step === 'commit') isDead = true;
    },
    connect: async (purpose) => {
      const client = await scene.rooms.connect(purpose);
      const query = client.query.bind(client) as (...args: unknown[]) => unknown;
      return Object.assign(client, {
        query: (...args: unknown[]): unknown =>
          isDead ? Promise.reject(new Error('Connection terminated')) : query(...args),
      });
    },
  };
  await failureOf(rotateForced(rooms, scene.dataset));
}

function dry(kind: ScenarioKind): void {
  let database: TestDatabase;

  beforeEach(async () => {
    database = await createTestDatabase({ timescale: kind === 'hypertable' });
  });

  it('changes nothing beside what a killed run left (I7)', async () => {
    const scene = await openScene({ kind, database });
    await leaveLeftovers(scene);
    const left = await readdir(scene.bench.lake, { recursive: true });
    expect(left.some((file) => file.startsWith('_staging/'))).toBe(true);
    expect(left.some((file) => /year=.*parquet$/.test(file))).toBe(true);
    const [text, json] = await runAllDry(database, scene.bench.lake, scene.dataset.name);
    expect(text).toMatchObject({ exitCode: 0 });
    expect(text?.stdout).toContain('80 rows');
    expect(JSON.parse(json?.stdout ?? '')).toMatchObject({ datasets: [{ rows: 80 }] });
  });

  it('changes nothing where there is neither ledger nor lake (I7)', async () => {
    await createTable(database, kind, 'fresh');
    await fillTable(database, 'fresh');
    const lake = join(directoryWith({}), 'none', 'cold_storage');
    const [text] = await runAllDry(database, lake, 'fresh');
    expect(text).toMatchObject({ exitCode: 0 });
    expect(text?.stdout).toContain('80 rows');
  });
}

describeOn('pg_dump', 'a dry run on a plain table', () => {
  dry('plain');
});

describeOn('pg_dump', 'a dry run on a partitioned table', () => {
  dry('partitioned');
});

describeOn(['pg_dump', 'timescale'], 'a dry run on a hypertable', () => {
  dry('hypertable');
});

/** A process that is killed between COMMIT and VACUUM, and what the runs after it make of its table. */
import { beforeAll, expect, it } from 'vitest';
import { DAY_MS } from '../../../src/domain/time/time-range.ts';
import type { RotationOutcome } from '../../../src/jobs/rotate.ts';
import { listStaging } from '../../../src/lake/staging.ts';
import type { ScenarioKind } from '../../crash/scenario.ts';
import { bundleVictim, sendVictim } from '../../crash/send-victim.ts';
import { NOW } from '../../support/rotation.ts';
import { describeOn } from '../../support/servers.ts';
import {
  expectConverged,
  expectNothingLost,
  failureOf,
  openScene,
  rotateForced,
  type Scene,
} from './scene.ts';

/** No part is wholly due yet: rows are deleted from it. */
const EARLIER = NOW - 3 * DAY_MS;

let victim = '';
beforeAll(async () => {
  victim = await bundleVictim();
});

/** Of a part only the rows of intervals that don't stay hot leave before all of it is due. */
async function openKind(kind: ScenarioKind): Promise<Scene> {
  const scene = await openScene({ kind });
  if (kind === 'plain') return scene;
  const hot = { intervalColumn: 'symbol', hotIntervals: ['s0'] };
  return { ...scene, dataset: { ...scene.dataset, ...hot } };
}

async function killBeforeVacuum(scene: Scene): Promise<void> {
  const { bench, database, dataset, client } = scene;
  const { met } = await sendVictim(victim, {
    url: database.url,
    lake: bench.lake,
    s3: null,
    spill: bench.rooms.tempDirectory,
    dataset,
    now: EARLIER,
    leaseTtlMs: bench.rooms.settings.leaseTtlMs,
    killAt: 'sql vacuum',
    moment: 'before',
  });
  expect(met.at(-1)).toMatch(/^sql vacuum/);
  // As if its lifetime had passed.
  await client.query('update tierd.leases set expires_at = clock_timestamp() where dataset = $1', [
    dataset.name,
  ]);
  expect(await statesOf(scene)).toEqual(['committed']);
}

async function statesOf({ client, dataset }: Scene): Promise<readonly string[]> {
  const found = await client.query<{ state: string }>(
    'select distinct state from tierd.moves where dataset = $1 order by 1',
    [dataset.name],
  );
  return found.rows.map(({ state }) => state);
}

async function expectEnded(scene: Scene): Promise<void> {
  expect(await statesOf(scene)).toEqual(['finished']);
  const { fileSystem, store } = scene.rooms;
  expect(await listStaging(fileSystem, store.stagingRoot)).toEqual([]);
}

const vacuums = async ({ client, dataset }: Scene): Promise<number> => {
  const found = await client.query<{ vacuums: number }>(
    'select pg_stat_get_vacuum_count($1::regclass)::int as vacuums',
    [dataset.name],
  );
  return found.rows[0]?.vacuums ?? 0;
};

/** Whoever has a snapshot in this database, autovacuum for one, keeps dead rows for a while: that is told. */
const complaints = (warnings: readonly string[]): readonly string[] =>
  warnings.filter((warning) => !warning.includes(': unremovable: '));

const removals = ({ totals }: RotationOutcome): readonly string[] =>
  totals.moved.map(({ move }) => move.removal);

describeOn('timescale', 'after a kill between COMMIT and VACUUM the next run (I4)', () => {
  it('vacuums a plain table', async () => {
    const scene = await openKind('plain');
    await killBeforeVacuum(scene);
    expect(await vacuums(scene)).toBe(0);
    const { vacuumWarnings } = await rotateForced(
      { ...scene.rooms, clock: { now: () => EARLIER } },
      scene.dataset,
    );
    expect(complaints(vacuumWarnings)).toEqual([]);
    expect(await vacuums(scene)).toBe(1);
    await expectEnded(scene);
    await expectConverged(scene);
  });

  it.each(['partitioned', 'hypertable'] as const)(
    'passes over the part that it drops itself: %s',
    async (kind) => {
      const scene = await openKind(kind);
      await killBeforeVacuum(scene);
      const outcome = await rotateForced(scene.rooms, scene.dataset);
      const due = new Set(outcome.recovered.vacuumDue.map(({ removal }) => removal));
      expect([...due]).toEqual(['delete']);
      expect(removals(outcome)).toContain('drop');
      expect(complaints(outcome.vacuumWarnings)).toEqual([]);
      await expectEnded(scene);
      await expectNothingLost(scene);
    },
  );

  it.each(['partitioned', 'hypertable'] as const)(
    'passes over a part that somebody has dropped: %s',
    async (kind) => {
      const scene = await openKind(kind);
      const { name } = scene.dataset;
      await killBeforeVacuum(scene);
      await scene.database.query(
        kind === 'partitioned'
          ? `drop table ${name}_due`
          : `select drop_chunks('${name}', older_than => interval '0 days')`,
      );
      const outcome = await rotateForced(scene.rooms, scene.dataset);
      expect(complaints(outcome.vacuumWarnings)).toEqual([]);
      await expectEnded(scene);
    },
  );

  it('says that the table is gone, and looks for it no more', async () => {
    const scene = await openKind('plain');
    const { name } = scene.dataset;
    await killBeforeVacuum(scene);
    await scene.database.query(`drop table ${name}`);
    const failure = await failureOf(rotateForced(scene.rooms, scene.dataset));
    expect(failure.code).toBe('TABLE_NOT_FOUND');
    expect(failure.message).toContain(`there is no table public.${name}`);
    expect(failure.message).toContain('1 move of a run that was killed before its VACUUM');
    await expectEnded(scene);
    const again = await failureOf(rotateForced(scene.rooms, scene.dataset));
    expect(again.message).not.toContain('VACUUM');
  });
});

describeOn('timescale', 'a run that is interrupted between COMMIT and VACUUM', () => {
  it('leaves the VACUUM to the next one', async () => {
    const scene = await openKind('plain');
    const interruption = new AbortController();
    const rooms = {
      ...scene.rooms,
      clock: { now: () => EARLIER },
      signal: interruption.signal,
      emit: ({ kind }: { readonly kind: string }) => {
        if (kind === 'moved') interruption.abort();
      },
    };
    await rotateForced(rooms, scene.dataset).catch(() => undefined);
    expect([await statesOf(scene), await vacuums(scene)]).toEqual([['committed'], 0]);
    await rotateForced({ ...scene.rooms, clock: { now: () => EARLIER } }, scene.dataset);
    expect(await vacuums(scene)).toBe(1);
    await expectEnded(scene);
  });
});

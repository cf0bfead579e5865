/** A renaming that dies at any of its effects: the ledger has the one name or the other, and the same call ends it. */
import { expect, it } from 'vitest';
import { rotateDataset } from '../../../src/jobs/rotate.ts';
import { listManifests, newestHead } from '../../../src/lake/manifest.ts';
import { listFormerNames } from '../../../src/ledger/former-names.ts';
import { listSegments } from '../../../src/ledger/segments.ts';
import { dyingRooms, untilDead } from '../../support/any-order/dying-rooms.ts';
import { createTestDatabase } from '../../support/database.ts';
import { rename } from '../../support/rename.ts';
import { daysAgo, makeDataset, openBench } from '../../support/rotation.ts';

/** Fewer mean that they are no longer seen. */
const FEWEST_EFFECTS = 25;

it.each(['before', 'sent'] as const)('is wholly done or wholly undone (%s; I4)', async (moment) => {
  const database = await createTestDatabase();
  const client = await database.connect();
  const bench = await openBench(database);
  await database.query(
    'create table ticks (time timestamptz not null, symbol text not null, primary key (symbol, time))',
  );
  await database.query(`insert into ticks values ($1, 'A'), ($2, 'A')`, [daysAgo(50), daysAgo(40)]);
  const table = makeDataset('ticks');
  let [from, to] = [table, { ...table, name: 'quotes' }];
  await rotateDataset(bench.rooms, from, { force: true });

  for (let at = 1; ; at += 1) {
    const renaming = { from: from.name, to, configured: [to.name] };
    const dying = await dyingRooms(bench, database.url, { at, moment });
    const died = await rename(dying, renaming).then(
      () => dying.hasDied(),
      (error: unknown) => {
        if (!dying.hasDied()) throw error;
        return true;
      },
    );
    await untilDead(client);
    await client.query('update tierd.leases set expires_at = clock_timestamp()');
    const told = `${moment} effect ${String(at)}`;
    const known = async (name: string) =>
      (await listSegments(client, { dataset: name, states: ['live'] })).length;
    expect([await known(from.name), await known(to.name)].sort(), told).toEqual([0, 2]);

    await rename(bench, renaming);
    expect([await known(from.name), await known(to.name)], told).toEqual([0, 2]);
    expect(await listFormerNames(client, to.name), told).toEqual([from.name]);
    const headOf = async (name: string) =>
      newestHead(bench.rooms.store, await listManifests(bench.rooms.store, name));
    expect(await headOf(to.name), told).toMatchObject({
      renamedTo: null,
      formerNames: [from.name],
      parts: [{ segments: 2 }],
    });
    expect(await headOf(from.name), told).toMatchObject({ renamedTo: to.name, parts: [] });
    if (!died) {
      expect(at).toBeGreaterThan(FEWEST_EFFECTS);
      return;
    }
    [from, to] = [to, from];
  }
});

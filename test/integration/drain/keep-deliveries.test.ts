/** How long the ledger knows what was delivered, by clocks of which one is wrong. */
import { expect, it } from 'vitest';
import { DAY_MS } from '../../../src/domain/time/time-range.ts';
import { makeSource } from '../../support/drain-source.ts';
import { makeDataset } from '../../support/rotation.ts';
import { useDrain } from '../../support/scenes.ts';
import { describeOn } from '../../support/servers.ts';

describeOn('redis', 'what was delivered', () => {
  const scene = useDrain();

  it('is remembered until every clock says that its time is over, as a rotation reads them', async () => {
    const table = await scene.table(
      'symbol text, ts timestamptz not null, price numeric, note text',
    );
    await scene.redis.xadd('ticks:A', '*', 'ts', Date.now(), 'price', 1);
    const { limits } = makeDataset(table);
    const source = makeSource(table, { kind: 'stream' });
    const dataset = { ...source.dataset, limits: { ...limits, maxClockJumpMs: 7 * DAY_MS } };
    const drain = (now: number) =>
      scene.bench.drain({ ...source, dataset }, { clock: { now: () => now } });
    const known = async (): Promise<unknown> =>
      (await scene.database.query('select count(*)::int as n from tierd.deliveries')).rows[0];
    await drain(Date.now());
    // As PostgreSQL would see it with its clock two days ahead.
    await scene.database.query(
      `update tierd.deliveries set acknowledged_at = acknowledged_at - interval '48 hours'`,
    );
    await drain(Date.now() - 2 * DAY_MS);
    expect(await known(), 'by the machine').toEqual({ n: 1 });
    await scene.database.query(
      `insert into tierd.runs (job, dataset, holder, started_at, finished_at, state)
       values ('rotate', '${table}', 'test', clock_timestamp() - interval '240 hours', clock_timestamp(), 'done')`,
    );
    await drain(Date.now());
    expect(await known(), 'by the last rotation').toEqual({ n: 1 });
    await scene.database.query(
      `update tierd.runs set started_at = clock_timestamp(), finished_at = clock_timestamp()`,
    );
    await drain(Date.now());
    expect(await known(), 'by all').toEqual({ n: 0 });
  });
});

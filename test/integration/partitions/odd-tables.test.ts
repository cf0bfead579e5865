/** Tables whose partitions others have made otherwise, or make at the same moment. NOW is 2026-03-31 13:45 UTC. */
import { beforeEach, expect, it, onTestFinished } from 'vitest';
import { DAY_MS } from '../../../src/domain/time/time-range.ts';
import { connect } from '../../../src/hot/server/connect.ts';
import { createTestDatabase, type TestDatabase } from '../../support/database.ts';
import { aheadDataset, makeAhead } from '../../support/partitions.ts';
import { type Bench, NOW, openBench } from '../../support/rotation.ts';

let database: TestDatabase;
let bench: Bench;
const bars = aheadDataset('bars');

beforeEach(async () => {
  database = await createTestDatabase();
  bench = await openBench(database);
  await database.query(
    `create table bars (time timestamptz not null, symbol text) partition by range (time);
     create table bars_20260331 partition of bars for values from ('2026-03-31 00:00Z') to ('2026-04-01 00:00Z')`,
  );
});

it('one from before all time and one until after it are followed and reached as any other', async () => {
  await database.query(
    `create table bars_old partition of bars for values from ('-infinity') to ('2026-03-31 00:00Z');
     create table bars_late partition of bars for values from ('2026-04-02 00:00Z') to ('infinity')`,
  );
  const { made, reach } = await makeAhead(bench.rooms, bars);
  expect(made.map(({ ref }) => ref.name)).toEqual(['bars_20260401']);
  expect(reach).toBe(Number.POSITIVE_INFINITY);
});

it.each([
  [`bars_20260401 partition of public.bars for values from ('2026-04-01Z') to ('2026-04-02Z')`],
  [`theirs partition of public.bars for values from ('2026-04-01 06:00Z') to ('2026-04-03Z')`],
])('one that somebody else makes meanwhile is theirs, and said so: %s', async (theirs) => {
  // By the time that the job notes its run in the ledger it has its plan.
  await database.query(
    `create function public.meanwhile() returns trigger language plpgsql as $$ begin create table public.${theirs}; return new; end $$;
     create trigger meanwhile before insert on tierd.runs for each row execute function public.meanwhile()`,
  );
  await expect(makeAhead(bench.rooms, bars)).rejects.toMatchObject({ code: 'PARTS_CHANGED' });
  await database.query('drop trigger meanwhile on tierd.runs');
  await makeAhead(bench.rooms, bars);
  const { reach } = await makeAhead(bench.rooms, bars);
  expect(reach).toBeGreaterThanOrEqual(NOW + 2 * DAY_MS);
});

it('none is made that could not be given to the owner of the others, who could not alter the table then', async () => {
  const role = `${database.name}_role`;
  const owner = `${database.name}_owner`;
  await database.query(
    `create role ${role} login; create role ${owner}; grant ${owner} to ${role}; grant usage on schema tierd to ${role};
     grant all on all tables in schema tierd to ${role}; grant all on all sequences in schema tierd to ${role};
     grant usage on schema public to ${owner}; grant usage, create on schema public to ${role};
     alter table bars owner to ${owner}; alter table bars_20260331 owner to ${owner}`,
  );
  onTestFinished(async () => {
    await database.query(`drop owned by ${role}, ${owner} cascade; drop role ${role}, ${owner}`);
  });
  const url = new URL(database.url);
  url.username = role;
  const rooms = { ...bench.rooms, connect: () => connect({ url: url.href, job: 'test' }) };
  await expect(makeAhead(rooms, bars)).rejects.toMatchObject({
    code: 'REFUSED',
    message: expect.stringContaining(`${owner} may not make tables in the schema public`) as string,
    hint: expect.stringContaining(`grant create on schema "public" to "${owner}";`) as string,
  });
  await database.query(`grant create on schema public to ${owner}`);
  expect((await makeAhead(rooms, bars)).made).toHaveLength(2);
  await database.query(`set role ${owner}; alter table bars add column venue text; reset role`);
});

it('how far they reach is told by the clock that they were made by', async () => {
  await database.query(
    `create table later (time timestamptz not null) partition by range (time);
     create table later_1 partition of later for values from (date_trunc('day', now(), 'UTC')) to (date_trunc('day', now(), 'UTC') + interval '24 hours')`,
  );
  const isYearsAhead = { ...bench.rooms, clock: { now: () => Date.now() + 700 * DAY_MS } };
  const { made, reach } = await makeAhead(isYearsAhead, aheadDataset('later'));
  expect(made).toHaveLength(2);
  expect(reach).toBeGreaterThan(Date.now() + 2 * DAY_MS);
});

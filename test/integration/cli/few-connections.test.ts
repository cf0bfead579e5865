/** A role, a database or a server with few connections: how many are needed is said, and 53300 in own words. */
import { beforeAll, describe, expect, it } from 'vitest';
import type { Check } from '../../../src/domain/check.ts';
import { CONNECTIONS } from '../../../src/domain/connections.ts';
import { connect, disconnect } from '../../../src/hot/server/connect.ts';
import { rotateDataset } from '../../../src/jobs/rotate.ts';
import { runInside } from '../../support/cli.ts';
import { directoryWith } from '../../support/config-file.ts';
import { createTestDatabase, type TestDatabase } from '../../support/database.ts';
import { openDrainBench } from '../../support/drain.ts';
import { makeSource, TICKS } from '../../support/drain-source.ts';
import { daysAgo, makeDataset, openBench } from '../../support/rotation.ts';
import { describeOn, servers } from '../../support/servers.ts';

let database: TestDatabase;

beforeAll(async () => {
  database = await createTestDatabase();
});

/** A role that may do everything, but in so many connections. */
async function withRole(limit: number, work: (url: string, role: string) => Promise<void>) {
  const role = `Few ${database.name.slice(-6)}`;
  await database.query(`create role "${role}" login connection limit ${String(limit)}`);
  await database.query(
    `grant pg_monitor to "${role}"; grant create on database ${database.name} to "${role}"`,
  );
  try {
    const url = new URL(database.url);
    url.username = encodeURIComponent(role);
    await work(url.href, role);
  } finally {
    await database.query(
      `reassign owned by "${role}" to current_user; drop owned by "${role}"; drop role "${role}"`,
    );
  }
}

async function makeBars(role: string): Promise<void> {
  await database.query(
    `drop table if exists bars; create table bars (time timestamptz not null, symbol text, id int);
     insert into bars select '${daysAgo(40)}'::timestamptz + n * interval '1 hour', 's', n from generate_series(0, 959) n;
     alter table bars owner to "${role}"`,
  );
}

function look(url: string): Promise<ReadonlyMap<string, Check>> {
  const directory = directoryWith({
    'tierd.yaml': `
postgres: { url: "\${URL}" }
redis: { url: "redis://127.0.0.1:1" }
lake: { type: local, path: lake, min_free: 0MB }
datasets: { bars: { time_column: time } }
drain: { sources: { a: { kind: list, keys: "a", dataset: bars, columns: { time: t } }, b: { kind: list, keys: "b", dataset: bars, enabled: false, columns: { time: t } } } }
`,
  });
  return runInside(['--config', `${directory}/tierd.yaml`, 'doctor', '--json'], {
    env: { URL: url },
    clock: { now: Date.now },
  }).then(({ stdout }) => {
    const { checks } = JSON.parse(stdout) as { checks: Check[] };
    return new Map(checks.map((check) => [check.name, check]));
  });
}

describe('a rotation', () => {
  it(`has ${String(CONNECTIONS.rotation)} connections open at once, and comes to its end with a role that may have as many`, async () => {
    const bench = await openBench(database);
    await withRole(CONNECTIONS.rotation, async (url, role) => {
      await database.query(
        `grant all on schema tierd to "${role}"; grant all on all tables in schema tierd to "${role}"; grant all on all sequences in schema tierd to "${role}"`,
      );
      await makeBars(role);
      let most = 0;
      const open = new Set<unknown>();
      const rooms = {
        ...bench.rooms,
        connect: async () => {
          const client = await connect({ url, job: 'rotate' });
          open.add(client);
          most = Math.max(most, open.size);
          client.once('end', () => open.delete(client));
          return client;
        },
      };
      const { totals } = await rotateDataset(rooms, makeDataset('bars'), { force: true });
      expect(totals.failed).toEqual([]);
      expect(most).toBe(CONNECTIONS.rotation);
    });
  });

  it.each([1, 2, 3])(
    'with a role that may have %i says so, and has lost nothing when there are more',
    async (limit) => {
      const bench = await openBench(database);
      await database.query('delete from tierd.lake');
      await withRole(limit, async (url, role) => {
        await database.query(
          `grant all on schema tierd to "${role}"; grant all on all tables in schema tierd to "${role}"; grant all on all sequences in schema tierd to "${role}"`,
        );
        await makeBars(role);
        const rooms = { ...bench.rooms, connect: () => connect({ url, job: 'rotate' }) };
        const failed = await rotateDataset(rooms, makeDataset('bars'), { force: true }).catch(
          (error: unknown) => error,
        );
        expect(failed).toMatchObject({
          code: 'CONNECTIONS_EXHAUSTED',
          message: expect.stringContaining(
            `a rotation has up to ${String(CONNECTIONS.rotation)} open at once`,
          ) as string,
          hint: expect.stringContaining('tierd doctor') as string,
        });
        await database.query(`alter role "${role}" connection limit -1`);
        await expect
          .poll(() =>
            rotateDataset(rooms, makeDataset('bars'), { force: true }).then(
              ({ totals }) => totals.failed,
              (error: unknown) => error,
            ),
          )
          .toEqual([]);
        const { rows } = await database.query('select count(*)::int as hot from bars');
        expect(rows).toEqual([{ hot: 720 }]);
      });
    },
  );
});

describeOn('redis', 'a drain', () => {
  it(`has ${String(CONNECTIONS.source)} connections open at once`, async () => {
    await database.query(`create table ticks (${TICKS}, unique (symbol, ts))`);
    let most = 0;
    const open = new Set<unknown>();
    const bench = await openDrainBench(database, servers().redisUrl ?? '', {
      connect: async () => {
        const client = await connect({ url: database.url, job: 'drain' });
        open.add(client);
        most = Math.max(most, open.size);
        client.once('end', () => open.delete(client));
        return client;
      },
    });
    await bench.drain(makeSource('ticks', { kind: 'snapshot', keys: `${database.name}:{symbol}` }));
    expect(most).toBe(CONNECTIONS.source);
  });
});

describe('the doctor', () => {
  it('says how many a role may have, and how many tierd needs', async () => {
    await withRole(5, async (url, role) => {
      await makeBars(role);
      expect((await look(url)).get('connections')).toMatchObject({
        status: 'warning',
        found: `room for 5 (role ${role} may have 5, 0 taken by others); tierd has up to 13: 4 of the daemon, 4 of a rotation, 4 for each of 1 sources that are followed, 1 of a command by hand`,
        advice: `alter role "${role}" connection limit 13`,
      });
      const other = await connect({ url, job: 'x' }).then(async (client) => {
        await client.query(`set application_name = 'a program'`);
        return client;
      });
      await database.query(`alter role "${role}" connection limit 4`);
      const check = (await look(url)).get('connections');
      await disconnect(other);
      expect(check).toMatchObject({
        status: 'error',
        advice: `alter role "${role}" connection limit 14`,
      });
    });
  });

  it('knows the limit of the database, and what the server keeps for others', async () => {
    await withRole(-1, async (url, role) => {
      await makeBars(role);
      const usual = (await look(url)).get('connections');
      const { rows } = await database.query(
        `select current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int as slots`,
      );
      const { slots } = rows[0] as { slots: number };
      expect(usual?.found).toContain(`the server has ${String(slots)} for this role`);
      expect(usual?.status).toBe('ok');
      await database.query(`alter database ${database.name} connection limit 10`);
      try {
        expect((await look(url)).get('connections')).toMatchObject({
          status: 'warning',
          found: expect.stringContaining(`database ${database.name} may have 10`) as string,
          advice: expect.stringContaining(
            `alter database "${database.name}" connection limit`,
          ) as string,
        });
      } finally {
        await database.query(`alter database ${database.name} connection limit -1`);
      }
    });
  });

  it('has to say what to do also when there is no connection for itself', async () => {
    await withRole(0, async (url) => {
      expect((await look(url)).get('postgres_connection')).toMatchObject({
        status: 'error',
        found: expect.stringContaining('has no connection left for tierd') as string,
        advice: expect.stringContaining('raise that limit') as string,
      });
    });
  });
});

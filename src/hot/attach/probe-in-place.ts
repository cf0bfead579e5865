/**
 * Whether this TimescaleDB does with a foreign chunk what reading in place is built upon. None of it is promised by its
 * documentation, so each is tried, on a hypertable that is made for it and is gone afterwards. Nobody is asked over the wire.
 */
import type pg from 'pg';
import { quoteName } from '../quote.ts';

/** @returns what it does otherwise, in words; none where all is as it has to be. Nothing of it stays. */
export async function probeInPlace(
  db: pg.Client,
  schema: string,
  server: string,
  timescale: string,
): Promise<readonly string[]> {
  const at = quoteName(schema);
  await db.query('savepoint tierd_probe');
  try {
    return await tryAll(db, {
      table: `${at}.tierd_probe`,
      chunk: `${at}.tierd_probe_chunk`,
      server: quoteName(server),
      timescale: quoteName(timescale),
    });
  } finally {
    await db.query('rollback to savepoint tierd_probe; release savepoint tierd_probe');
  }
}

async function tryAll(
  db: pg.Client,
  { table, chunk, server, timescale }: Record<'table' | 'chunk' | 'server' | 'timescale', string>,
): Promise<readonly string[]> {
  const failures: string[] = [];
  const attempt = async (what: string, work: () => Promise<boolean>): Promise<void> => {
    await db.query('savepoint tierd_probe_step');
    try {
      if (!(await work())) failures.push(what);
      await db.query('release savepoint tierd_probe_step');
    } catch (error) {
      await db.query('rollback to savepoint tierd_probe_step');
      failures.push(`${what} (${error instanceof Error ? error.message : String(error)})`);
    }
  };
  const isTrue = async (text: string): Promise<boolean> => {
    const { rows } = await db.query<{ found: boolean }>(`select (${text}) as found`);
    return rows[0]?.found === true;
  };
  const plans = async (statement: string): Promise<boolean> => {
    const { rows } = await db.query<{ 'QUERY PLAN': string }>(`explain (costs off) ${statement}`);
    return rows.some((row) => row['QUERY PLAN'].includes('Foreign'));
  };
  await attempt('it takes no foreign table as a chunk', async () => {
    await db.query(`
      set local timescaledb.enable_tiered_reads = on;
      create table ${table} (ts timestamptz not null, id int not null, primary key (id, ts));
      select ${timescale}.create_hypertable('${table}', 'ts', chunk_time_interval => interval '1 day');
      insert into ${table} values (now(), 1);
      create foreign table ${chunk} (ts timestamptz not null, id int not null) server ${server};
      select _timescaledb_functions.attach_osm_table_chunk('${table}', '${chunk}');
      alter foreign table ${chunk} add constraint tierd_until check (ts < '2020-01-01 00:00:00+00')`);
    return isTrue(
      `exists (select from pg_inherits where inhrelid = '${chunk}'::regclass and inhparent = '${table}'::regclass)`,
    );
  });
  if (failures.length > 0) return failures;
  await attempt('a question of later time reads the foreign chunk', async () => {
    const later = [`ts > '2020-02-01'`, `ts > now() - interval '1 day'`];
    for (const where of later) if (await plans(`select from ${table} where ${where}`)) return false;
    return true;
  });
  await attempt('who reads later time does not lock the foreign chunk', () =>
    isTrue(
      `exists (select from pg_locks where pid = pg_backend_pid() and relation = '${chunk}'::regclass and mode = 'AccessShareLock' and granted)`,
    ),
  );
  await attempt('a question of cold time leaves the foreign chunk out', () =>
    plans(`select from ${table} where ts < '2019-12-01'`),
  );
  await attempt('late rows find no chunk of their own', async () => {
    await db.query(`insert into ${table} values ('2019-06-01 00:00:00+00', 2)`);
    return isTrue(
      `select count(*) = 2 from pg_inherits i join pg_class c on c.oid = i.inhrelid where i.inhparent = '${table}'::regclass and c.relkind = 'r'`,
    );
  });
  await attempt('timescaledb.enable_tiered_reads does not hide the foreign chunk', async () => {
    await db.query('set local timescaledb.enable_tiered_reads = off');
    const hides = !(await plans(`select from ${table}`));
    await db.query('set local timescaledb.enable_tiered_reads = on');
    return hides;
  });
  await attempt('drop_chunks drops something else than the hot chunks', async () => {
    const dropped = await db.query(
      `select ${timescale}.drop_chunks('${table}', older_than => timestamptz '2020-01-01')`,
    );
    return (
      dropped.rowCount === 1 &&
      (await isTrue(`exists (select from pg_inherits where inhrelid = '${chunk}'::regclass)`))
    );
  });
  await attempt('drop_osm_chunk does not take the foreign chunk away', async () => {
    await db.query(`select _timescaledb_functions.drop_osm_chunk('${table}')`);
    return isTrue(`to_regclass('${chunk}') is null`);
  });
  return failures;
}

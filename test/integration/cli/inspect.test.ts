/** `tierd inspect`: each situation is made on a server of the test's own, and found. */
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Finding, Section, Verdict } from '../../../src/domain/inspect/finding.ts';
import { runInside } from '../../support/cli.ts';
import { directoryWith } from '../../support/config-file.ts';
import { createTestDatabase } from '../../support/database.ts';
import { startPostgres18 } from '../../support/postgres-18.ts';
import { type PostgresServer, startPostgres } from '../../support/postgres-server.ts';
import { describeOn } from '../../support/servers.ts';

interface InspectDocument {
  readonly verdict: Verdict;
  readonly server: { readonly role: string; readonly sees_all: boolean };
  readonly findings: readonly (Finding & { readonly section: Section })[];
  readonly unseen: readonly { readonly section: Section; readonly next: string | null }[];
}

const clients: pg.Client[] = [];

async function connectTo(url: string, application = 'test'): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url, application_name: application });
  client.on('error', () => undefined);
  await client.connect();
  clients.push(client);
  return client;
}

const inspectOf = (url: string, argv: readonly string[], columns?: number) =>
  runInside(
    [
      '--config',
      join(
        directoryWith({
          'tierd.yaml': `
postgres: { url: "\${URL}" }
lake: { type: local, path: lake, min_free: 0MB }
datasets: { ticks: { time_column: ts } }
`,
        }),
        'tierd.yaml',
      ),
      'inspect',
      ...argv,
    ],
    {
      env: { URL: url },
      clock: { now: Date.now },
      ...(columns === undefined ? {} : { columns }),
    },
  );

async function look(url: string, ...argv: string[]): Promise<InspectDocument> {
  const { exitCode, stdout, stderr } = await inspectOf(url, [...argv, '--json']);
  expect(stderr).toBe('');
  const document = JSON.parse(stdout) as InspectDocument;
  expect(exitCode).toBe(document.verdict === 'act' ? 1 : 0);
  // What could not be looked at is a finding of its section, named as the section is.
  expect(document.findings.filter(({ section, subject }) => subject === section)).toEqual([]);
  return document;
}

function findingOf({ findings }: InspectDocument, subject: string): Finding {
  const found = findings.find((one) => one.subject === subject);
  expect(found, findings.map((one) => one.subject).join('; ')).toBeDefined();
  return found as Finding;
}

const TABLES = `
  create table ticks (ts timestamptz not null, symbol text not null, price float8, primary key (symbol, ts));
  create index ticks_price on ticks (price);
  create index ticks_price_again on ticks (price);
  insert into ticks select '2026-01-01'::timestamptz + i * interval '1 s', 's' || i % 10, i from generate_series(1, 60000) i;
  create table worn (id int primary key, note text) with (autovacuum_enabled = false);
  insert into worn select i, repeat('x', 1000) from generate_series(1, 40000) i;
  delete from worn where id % 10 <> 0;
  analyze`;

describe('on a server where much is wrong', () => {
  let server: PostgresServer;
  let superuser: pg.Client;

  beforeAll(async () => {
    server = await startPostgres({
      settings: {
        max_prepared_transactions: '5',
        shared_preload_libraries: 'pg_stat_statements',
        // Nothing of it may come by while the test counts dead rows.
        autovacuum_naptime: '1h',
      },
    });
    superuser = await connectTo(server.url);
    await superuser.query(TABLES);
    // The counters of a session are seen by others once it has told them.
    await superuser.query('select pg_stat_force_next_flush()').catch(() => undefined);
  });
  afterAll(async () => {
    await Promise.allSettled(clients.splice(0).map((client) => client.end()));
    await server.remove();
  });

  it('tells dead rows, where autovacuum is off for the table', async () => {
    await expect
      .poll(async () => {
        const { findings } = await look(server.url, 'vacuum');
        return findings.find(({ subject }) => subject === 'public.worn');
      })
      .toMatchObject({
        verdict: 'act',
        next: 'vacuum (verbose, analyze) "public"."worn"',
        figures: { dead_rows: 36_000, autovacuum_off: true },
      });
  });

  it('tells a table that is mostly empty, and how that was estimated', async () => {
    const worn = findingOf(await look(server.url, 'bloat'), 'table public.worn');
    expect(worn).toMatchObject({ verdict: 'look' });
    expect(worn.found).toContain('estimated from pages');
    const { bytes, expected_bytes: expected } = worn.figures as Record<string, number>;
    const really = await superuser.query<{ bytes: string }>(
      `create temp table packed as select * from worn; select pg_relation_size('packed') as bytes`,
    );
    const [, { rows }] = really as unknown as [unknown, pg.QueryResult<{ bytes: string }>];
    expect(bytes).toBeGreaterThan(40_000_000);
    // The estimate is within a fifth of what the rows take when they are written anew.
    expect(Math.abs((expected ?? 0) / Number(rows[0]?.bytes) - 1)).toBeLessThan(0.2);
  });

  it('tells an index that nobody used, one that is twice there, and one that is invalid', async () => {
    await superuser.query(`create table twice as select 1 as one from generate_series(1, 2)`);
    await superuser
      .query('create unique index concurrently twice_one on twice (one)')
      .catch(() => undefined);
    const indexes = await look(server.url, 'indexes');
    expect(findingOf(indexes, 'public.twice_one')).toMatchObject({
      verdict: 'act',
      next: 'reindex index concurrently "public"."twice_one"',
    });
    expect(findingOf(indexes, 'public.ticks_price_again')).toMatchObject({
      verdict: 'look',
      next: 'drop index concurrently "public"."ticks_price_again"',
    });
    expect(findingOf(indexes, 'public.ticks_price_again').found).toContain('public.ticks_price');
    const unused = findingOf(indexes, 'public.ticks_price');
    expect(unused).toMatchObject({ verdict: 'look', figures: { scans: 0 } });
    expect(unused.found).toContain('not used');
    // A primary key does more than find rows.
    expect(indexes.findings.map(({ subject }) => subject)).not.toContain('public.ticks_pkey');
    await superuser.query('drop table twice');
  });

  it('tells of a dataset that no index begins with its time column', async () => {
    const tables = await look(server.url, 'tables', '--dataset', 'ticks');
    expect(findingOf(tables, 'public.ticks')).toMatchObject({
      verdict: 'look',
      next: 'create index concurrently on "public"."ticks" ("ts")',
    });
  });

  it('tells who holds a lock, who waits for it, and how to end that', async () => {
    const holder = await connectTo(server.url, 'forgotten');
    const waiter = await connectTo(server.url, 'patient');
    await holder.query('begin; lock table ticks in access exclusive mode');
    const waiting = waiter.query('select count(*) from ticks');
    try {
      const { rows } = await holder.query<{ pid: number }>('select pg_backend_pid() as pid');
      const pid = rows[0]?.pid ?? 0;
      await expect
        .poll(async () => (await look(server.url, 'locks')).findings[0]?.subject)
        .toBe(`pid ${String(pid)} (forgotten)`);
      const lock = findingOf(await look(server.url, 'locks'), `pid ${String(pid)} (forgotten)`);
      expect(lock.figures).toMatchObject({ pid, sessions_waiting: 1, relations: 'public.ticks' });
      expect(lock.found).toContain('(patient)');
      // What has to read the table's files says what it knows without them, and the rest goes on.
      const sizes = await look(server.url, 'sizes', 'vacuum', 'indexes', 'bloat', 'tables');
      expect(findingOf(sizes, 'public.ticks').figures).toMatchObject({ parts: 1 });
    } finally {
      await holder.query('rollback');
      await waiting;
    }
  });

  it('tells a session that is idle in a transaction, once it is for long', async () => {
    const idle = await connectTo(server.url, 'left open');
    await idle.query('begin isolation level repeatable read; select count(*) from ticks');
    try {
      const { findings } = await look(server.url, 'transactions');
      expect(findings).toMatchObject([{ verdict: 'ok', figures: { open: 1 } }]);
      const connections = await look(server.url, 'connections');
      expect(connections.findings[0]?.figures).toMatchObject({ idle_in_transaction: 1 });
    } finally {
      await idle.query('rollback');
    }
  });

  it('tells a prepared transaction and a slot that nobody uses', async () => {
    await superuser.query(
      `begin; insert into worn values (-1, ''); prepare transaction 'it''s forgotten'`,
    );
    await superuser.query(`select pg_create_physical_replication_slot('left', true)`);
    const found = await look(server.url, 'prepared', 'wal');
    expect(findingOf(found, "prepared it's forgotten")).toMatchObject({
      verdict: 'ok',
      figures: { database: 'postgres' },
    });
    const slot = findingOf(found, 'slot left');
    expect(slot).toMatchObject({
      verdict: 'look',
      next: "select pg_drop_replication_slot('left')",
    });
    // The next steps are lines that run.
    await superuser.query(slot.next ?? '');
    await superuser.query(`rollback prepared 'it''s forgotten'`);
  });

  it('tells slow statements where they are counted, and else how to have them counted', async () => {
    const before = await look(server.url, 'queries');
    const lacking = findingOf(before, 'pg_stat_statements');
    expect(lacking).toMatchObject({ verdict: 'look' });
    await superuser.query(lacking.next ?? '');
    await superuser.query('select pg_sleep(1.05), count(*) from worn where id > 5');
    const { findings } = await look(server.url, 'queries');
    const slow = findings.find(({ found }) => found.includes('pg_sleep'));
    expect(slow).toMatchObject({ verdict: 'look', figures: { calls: 1, rows: 1 } });
    expect(slow?.next).toMatch(/^explain \(generic_plan\) select/);
    await superuser.query(slow?.next ?? '');
  });

  it('says what a role without pg_monitor does not see, and works', async () => {
    await superuser.query(`create role poor login password 'x'`);
    const url = new URL(server.url);
    url.username = 'poor';
    const poor = await look(url.href);
    expect(poor.server).toMatchObject({ role: 'poor', sees_all: false });
    expect(poor.unseen.map(({ section }) => section)).toContain('transactions');
    for (const { next } of poor.unseen) expect(next).toBe('grant pg_monitor to "poor"');
    await superuser.query(poor.unseen[0]?.next ?? '');
    const rich = await look(url.href);
    expect(rich.server).toMatchObject({ sees_all: true });
    expect(rich.unseen.map(({ section }) => section)).not.toContain('transactions');
  });

  it('is a table on a terminal, and a line for each finding in a pipe', async () => {
    const screen = await inspectOf(server.url, ['--no-color'], 100);
    expect(screen.stdout).toMatch(/^section +verdict +what was found\n/);
    expect(screen.stdout).toContain('→ vacuum (verbose, analyze) "public"."worn"');
    for (const line of screen.stdout.split('\n\n')[0]?.split('\n') ?? []) {
      expect(line.length).toBeLessThanOrEqual(100);
    }
    const pipe = await inspectOf(server.url, ['vacuum', 'locks']);
    const lines = pipe.stdout.trimEnd().split('\n');
    expect(lines[0]).toMatch(/^act {2}vacuum: public\.worn: .* → vacuum \(verbose, analyze\)/);
    for (const line of lines) expect(line).toMatch(/^(act|look|ok) +(vacuum|locks): /);
  });

  it('takes the next steps back to sections that exist, and names that are near', async () => {
    const { exitCode, stderr } = await inspectOf(server.url, ['lock']);
    expect(exitCode).toBe(2);
    expect(stderr).toContain('did you mean locks?');
  });
});

describe('on PostgreSQL 18, without any extension', () => {
  it('puts every question', async () => {
    const server = await startPostgres18();
    try {
      const client = await connectTo(server.url);
      await client.query(`
        create table ticks (ts timestamptz, symbol text) partition by range (ts);
        create table ticks_1 partition of ticks for values from ('2026-01-01') to ('2026-02-01');
        create table ticks_2 partition of ticks for values from ('2026-02-01') to ('2026-03-01');
        create index ticks_symbol on ticks (symbol);
        insert into ticks select '2026-01-01'::timestamptz + i * interval '1 min', md5(i::text) from generate_series(1, 80000) i;
        analyze ticks`);
      const all = await look(server.url);
      expect(findingOf(all, 'public.ticks').figures).toMatchObject({ parts: 2 });
      expect(findingOf(all, 'public.ticks_symbol')).toMatchObject({
        section: 'indexes',
        next: 'drop index "public"."ticks_symbol"',
        figures: { parts: 3 },
      });
      await client.query(findingOf(all, 'public.ticks_symbol').next ?? '');
    } finally {
      await Promise.allSettled(clients.splice(0).map((client) => client.end()));
      await server.remove();
    }
  });
});

describeOn('timescale', 'on a hypertable', () => {
  it('counts chunks as the table that they are of, its indexes as well', async () => {
    const database = await createTestDatabase({ timescale: true });
    await database.query(`
      create table ticks (ts timestamptz not null, symbol text);
      select create_hypertable('ticks', 'ts', chunk_time_interval => interval '1 day');
      create index ticks_symbol on ticks (symbol, ts desc);
      insert into ticks select '2026-01-01'::timestamptz + i * interval '1 min', md5(i::text) from generate_series(1, 40000) i`);
    await database.query('analyze ticks');
    const found = await look(database.url, 'tables', 'indexes', 'sizes', 'compression');
    const chunks = await database.query("select from show_chunks('ticks')");
    const sizes = found.findings.find(
      ({ section, subject }) => section === 'sizes' && subject === 'public.ticks',
    );
    expect(sizes?.figures).toMatchObject({ parts: chunks.rowCount });
    const unused = findingOf(found, 'public.ticks_symbol');
    expect(unused).toMatchObject({
      next: 'drop index "public"."ticks_symbol"',
      figures: { parts: (chunks.rowCount ?? 0) + 1, definition: 'btree (symbol, ts desc)' },
    });
    expect(findingOf(found, 'chunks').found).toMatch(/Apache edition|no hypertable has/);
    // Not one of the chunks is told of as if it were a table of a person's.
    expect(found.findings.filter(({ subject }) => subject.includes('_timescaledb'))).toEqual([]);
    await database.query(unused.next ?? '');
  });
});

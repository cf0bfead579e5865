/**
 * kill -9 at each statement of `tierd attach`, of views and of hypertables in place, of attaching anew and of `tierd detach`: all of it
 * is there or nothing, whoever asks is answered with all rows meanwhile, and the same command run again goes on (I4).
 */
import { spawn } from 'node:child_process';
import type { Readable } from 'node:stream';
import { afterAll, beforeAll, expect, it, type TestContext, vi } from 'vitest';
import { systemClock } from '../../src/domain/time/clock.ts';
import { runInside, TIERD } from '../support/cli.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { type FaceDaemon, startFaceDaemon } from '../support/face-daemon.ts';
import { endHttpDaemon } from '../support/http-daemon.ts';
import { freePort } from '../support/server-process.ts';
import { describeOn } from '../support/servers.ts';
import { chooseEffects, SEED, VARIATION_SHARE } from './choose-effects.ts';
import { KillCount, partOf } from './kill-count.ts';
import { bundleVictim } from './send-victim.ts';

/** Fewer mean that they are no longer seen. */
const FEWEST_STATEMENTS = 12;
const ROWS = 400;

/** What each command goes through: as it finds the database, and as it leaves it. */
interface Step {
  readonly name: string;
  readonly argv: readonly string[];
  /** SQL and commands that lead to what it finds, from any state that a killed run may have left. */
  readonly prepare: (scene: Scene) => Promise<void>;
}

interface Scene {
  readonly database: TestDatabase;
  readonly daemon: FaceDaemon;
  readonly run: (...argv: readonly string[]) => Promise<void>;
}

const VIEW = ['attach', 'plain_t'];
const IN_PLACE = ['attach', 'chunks', '--in-place'];

const STEPS: readonly Step[] = [
  { name: 'a view', argv: VIEW, prepare: ({ run }) => run('detach') },
  {
    name: 'a hypertable in place',
    argv: IN_PLACE,
    prepare: ({ run }) => run('detach'),
  },
  {
    name: 'a view anew, of a table with another column',
    argv: VIEW,
    prepare: async ({ run, database }) => {
      await run('detach');
      await database.query('alter table plain_t drop column if exists more');
      await run(...VIEW);
      await database.query('alter table plain_t add column more int[]');
    },
  },
  {
    name: 'a hypertable in place anew, with another column',
    argv: IN_PLACE,
    prepare: async ({ run, database }) => {
      await run('detach');
      await database.query('alter table chunks drop column if exists more');
      await run(...VIEW);
      await run(...IN_PLACE);
      await database.query('alter table chunks add column more int');
    },
  },
  {
    name: 'nothing any more',
    argv: ['detach'],
    prepare: async ({ run }) => {
      await run(...VIEW);
      await run(...IN_PLACE);
    },
  },
];

describeOn('timescale', 'attaching, killed (I4)', () => {
  let scene: Scene;
  let preload = '';

  beforeAll(async () => {
    preload = await bundleVictim('die-at-statement');
    const database = await createTestDatabase({ timescale: true });
    await database.query(`
      create type kind as enum ('a', 'b');
      create table plain_t (ts timestamptz not null, id int not null, kind kind, primary key (ts, id));
      create table chunks (ts timestamptz not null, id int not null, note text, primary key (ts, id));
      select create_hypertable('chunks', 'ts', chunk_time_interval => interval '1 day');`);
    for (const table of ['plain_t', 'chunks']) {
      await database.query(
        `insert into ${table} (ts, id) select date_trunc('day', now()) - d * interval '1 day' + n * interval '1 minute', n
         from unnest(array[1, 3, 40, 41]) d, generate_series(1, ${String(ROWS / 4)}) n`,
      );
    }
    const daemon = await startFaceDaemon(database, {
      port: await freePort(),
      datasets: '  plain_t: { time_column: ts }\n  chunks: { time_column: ts }',
    });
    scene = {
      database,
      daemon,
      run: async (...argv) => {
        const { exitCode, stderr } = await runInside(argv, {
          workingDirectory: daemon.directory,
          clock: systemClock,
        });
        expect(exitCode, stderr).toBe(0);
      },
    };
  });

  afterAll(() => endHttpDaemon(scene.daemon));

  const kinds = STEPS.flatMap((step) =>
    (['before', 'sent'] as const).map((moment) => ({ step, moment })),
  );

  it.for(kinds)(
    '$step.name: killed at each statement ($moment), it is all there or nothing',
    async ({ step, moment }, context) => killAtChosen(step, moment, context),
  );

  async function killAtChosen(
    step: Step,
    moment: 'before' | 'sent',
    context: TestContext,
  ): Promise<void> {
    const count = new KillCount(context);
    await step.prepare(scene);
    const before = await stateOf(scene);
    const { met } = await send(step.argv, 0, moment);
    const after = await stateOf(scene);
    expect(met.length).toBeGreaterThan(FEWEST_STATEMENTS);
    expect(after).not.toBe(before);
    const chosen = chooseEffects(met, VARIATION_SHARE, { first: 0, end: met.length });
    for (const killAt of chosen) {
      await step.prepare(scene);
      const { met: seen, wasKilled } = await send(step.argv, killAt, moment);
      if (wasKilled) count.add();
      const told = `seed ${String(SEED)}, killed ${moment} statement ${String(killAt)}: ${seen.at(-1) ?? ''}`;
      expect([before, after], told).toContain(await stateOf(scene));
      await expectAllRows(scene, told);
      await scene.run(...step.argv);
      expect(await stateOf(scene), told).toBe(after);
      await expectAllRows(scene, told);
    }
    await count.tell(partOf(chosen, met));
  }

  async function send(
    argv: readonly string[],
    killAt: number,
    moment: 'before' | 'sent',
  ): Promise<{ readonly met: readonly string[]; readonly wasKilled: boolean }> {
    const child = spawn(process.execPath, ['--import', preload, TIERD, ...argv], {
      cwd: scene.daemon.directory,
      env: {
        ...process.env,
        TIERD_TEST_KILL_AT: String(killAt),
        TIERD_TEST_KILL_MOMENT: moment,
      },
      stdio: ['ignore', 'ignore', 'pipe', 'pipe'],
    });
    let told = '';
    let errors = '';
    (child.stdio[3] as Readable).on('data', (data: Buffer) => {
      told += data.toString();
    });
    child.stderr?.on('data', (data: Buffer) => {
      errors += data.toString();
    });
    const [code, signal] = await new Promise<[number | null, string | null]>((resolve) => {
      child.once('close', (exitCode, name) => {
        resolve([exitCode, name]);
      });
    });
    if (signal !== 'SIGKILL') expect(code, errors).toBe(0);
    await sessionEnded(scene.database);
    return { met: told.trim().split('\n'), wasKilled: signal === 'SIGKILL' };
  }
});

/** What the killed process has sent is done by then, or taken back. */
async function sessionEnded(database: TestDatabase): Promise<void> {
  await vi.waitFor(
    async () => {
      const { rowCount } = await database.query(
        `select from pg_stat_activity where datname = current_database() and application_name in ('tierd/attach', 'tierd/detach')`,
      );
      expect(rowCount).toBe(0);
    },
    { timeout: 100_000, interval: 10 },
  );
}

/** All that may be there of what is attached. */
async function stateOf({ database }: Scene): Promise<string> {
  const found: unknown[] = [];
  for (const text of [
    `select c.relname, c.relkind, c.relacl::text, pg_get_expr(c.relpartbound, c.oid) as bound,
            (select string_agg(a.attname || ' ' || format_type(a.atttypid, a.atttypmod), ', ' order by a.attnum)
             from pg_attribute a where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped) as columns
     from pg_class c where c.relnamespace = to_regnamespace('attached') order by 1`,
    `select p.proname, p.proacl::text from pg_proc p where p.pronamespace = to_regnamespace('attached') order by 1`,
    `select t.typname from pg_type t where t.typnamespace = to_regnamespace('attached') and t.typtype = 'd' order by 1`,
    `select t.tgname from pg_trigger t where t.tgrelid = 'tierd.segments'::regclass and not t.tgisinternal order by 1`,
    `select s.srvname, s.srvoptions, u.umoptions from pg_foreign_server s left join pg_user_mappings u on u.srvid = s.oid order by 1`,
    `select i.inhparent::regclass::text as parent, c.relname, pg_get_constraintdef(k.oid) as until
     from pg_inherits i join pg_class c on c.oid = i.inhrelid and c.relkind = 'f' left join pg_constraint k on k.conrelid = c.oid and k.conname = 'tierd_until'
     order by 1, 2`,
    `select count(*) from _timescaledb_catalog.chunk where osm_chunk`,
    `select dataset, print, until_us from tierd.in_place order by 1`,
    `select case when to_regclass('attached.tierd_attached') is not null
                 then query_to_xml('select dataset, view_name, print, until_us from attached.tierd_attached order by 1', true, false, '')::text end`,
    `select nspname from pg_namespace where nspname = 'attached'`,
  ]) {
    found.push((await database.query(text)).rows);
  }
  return JSON.stringify(found);
}

/** Hot and cold where it reaches the lake, and in no case a row twice. */
async function expectAllRows({ database }: Scene, told: string): Promise<void> {
  const is = async (sql: string): Promise<boolean> =>
    ((await database.query(`select (${sql}) as found`)).rows[0] as { found: boolean }).found;
  const hot = ROWS / 2;
  const view = await is(`to_regclass('attached.plain_t') is not null`);
  const chunk = await is(`to_regclass('attached.chunks_chunk') is not null`);
  expect(await countOf(database, view ? 'attached.plain_t' : 'plain_t'), told).toBe(
    view ? ROWS : hot,
  );
  expect(await countOf(database, 'chunks'), told).toBe(chunk ? ROWS : hot);
}

/** While whatever wrote before the last change of the lake has not ended, in whichever database, cold rows are refused. */
async function countOf(database: TestDatabase, table: string): Promise<number> {
  for (;;) {
    try {
      const { rows } = await database.query(`select count(*)::int as n from ${table}`);
      return (rows[0] as { n: number }).n;
    } catch (error) {
      if ((error as { code?: string }).code !== '40001') throw error;
    }
  }
}

/** Alerts of a running daemon: to a webhook that is down and comes back, and to a command. */
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { directoryWith } from '../support/config-file.ts';
import { fillTicks, makeDaemon, PATIENCE, said } from '../support/daemon.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { freePort } from '../support/free-port.ts';
import { databaseOn } from '../support/own-database.ts';
import { type PostgresServer, startPostgres } from '../support/postgres-server.ts';

const FAST = 'storage: { lifecycle: { guards: { max_share: 1 } } }';
const LEASE = 'lease_ttl: 2s, shutdown_timeout: 20s';

interface Told {
  readonly event: string;
  readonly kind: string;
  readonly subject: string;
  readonly message: string;
}

/** A receiver on loopback that is not there until it listens. */
async function makeReceiver(): Promise<{
  readonly port: number;
  readonly told: Told[];
  readonly listen: () => Promise<void>;
}> {
  const port = await freePort();
  const told: Told[] = [];
  const server: Server = createServer((request, response) => {
    let text = '';
    request.setEncoding('utf8').on('data', (part: string) => {
      text += part;
    });
    request.on('end', () => {
      told.push(JSON.parse(text) as Told);
      response.end('thanks');
    });
  });
  onTestFinished(() => server.closeAllConnections());
  return {
    port,
    told,
    listen: async () => {
      server.listen(port, '127.0.0.1');
      await once(server, 'listening');
    },
  };
}

interface Shown {
  readonly alerts: readonly {
    readonly kind: string;
    readonly subject: string;
    readonly delivered: boolean;
  }[];
}

const shownAt = async (port: number): Promise<Shown['alerts']> => {
  const response = await fetch(`http://127.0.0.1:${String(port)}/status`);
  return ((await response.json()) as Shown).alerts;
};

/** All that can be rotated is gone, and back. */
async function hide(database: TestDatabase): Promise<void> {
  await database.query('alter table ticks rename to ticks_elsewhere');
}
async function bringBack(database: TestDatabase): Promise<void> {
  await database.query('alter table ticks_elsewhere rename to ticks');
}

/** What the command that the tests call `pager` has noted there, a line for each time. */
function pagesIn(directory: string): () => readonly string[] {
  const file = join(directory, 'pages');
  return () => (existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n') : []);
}

describe('a job that fails', () => {
  it('is told to each receiver, later to one that was down, and so is its recovery', async () => {
    const database = await createTestDatabase();
    await fillTicks(database, { dueDays: 1, rows: 10 });
    const receiver = await makeReceiver();
    const port = await freePort();
    const secret = randomBytes(8).toString('hex');
    const url = `http://127.0.0.1:${String(receiver.port)}/${secret}`;
    const hook = join(directoryWith({ hook_url: `${url}\n` }), 'hook_url');
    const scene = await makeDaemon(
      database,
      `${FAST}
schedules: { rotate: { every: 1s, retries: 0 } }
daemon: { ${LEASE}, circuit_failures: 1000 }
server: { port: ${String(port)}, control_token: ${randomBytes(16).toString('hex')} }
alerts:
  settle: 0s
  webhooks: { ops: { url_file: "${hook}", kinds: [job_failed] } }
  commands: { pager: { command: 'cat > last.json; printf "%s %s\\n" "$TIERD_ALERT_EVENT" "$TIERD_ALERT_ID" >> pages' } }`,
    );
    const { directory } = scene.workspace;
    const pages = pagesIn(directory);
    await hide(database);
    const daemon = scene.run();
    await said(daemon, /ops: does not take alerts \(ECONNREFUSED\); it is tried again/);
    await expect.poll(pages, PATIENCE).toEqual(['firing job_failed:rotate']);
    expect(await shownAt(port)).toMatchObject([
      { kind: 'job_failed', subject: 'rotate', delivered: false },
    ]);
    const metrics = await (await fetch(`http://127.0.0.1:${String(port)}/metrics`)).text();
    expect(metrics).toContain('tierd_alerts{kind="job_failed"} 1');
    const failed = await scene.workspace.tierd('alerts', 'test');
    expect(failed.exitCode).toBe(1);
    expect(failed.stdout).toMatch(/failed ops: ECONNREFUSED\nok pager: exit code 0/);

    await receiver.listen();
    await expect.poll(() => receiver.told, PATIENCE).toHaveLength(1);
    expect(receiver.told[0]).toMatchObject({
      event: 'firing',
      kind: 'job_failed',
      subject: 'rotate',
    });
    expect(receiver.told[0]?.message).toMatch(/^rotate failed/);
    await expect.poll(async () => (await shownAt(port))[0]?.delivered, PATIENCE).toBe(true);
    await said(daemon, /ops: takes alerts again/);

    await bringBack(database);
    await expect
      .poll(() => receiver.told.map(({ event }) => event), PATIENCE)
      .toEqual(['firing', 'recovered']);
    expect(await shownAt(port)).toEqual([]);
    await expect.poll(pages, PATIENCE).toContain('recovered job_failed:rotate');
    const last = JSON.parse(readFileSync(join(directory, 'last.json'), 'utf8')) as Told;
    expect(last).toMatchObject({ event: 'recovered', kind: 'job_failed' });
    const tried = await scene.workspace.tierd('alerts', 'test', '--json');
    expect(tried.exitCode).toBe(0);
    expect(JSON.parse(tried.stdout)).toEqual({
      receivers: [
        { receiver: 'ops', delivered: true, answer: 'HTTP 200: thanks' },
        { receiver: 'pager', delivered: true, answer: 'exit code 0' },
      ],
    });

    daemon.child.kill('SIGTERM');
    expect(await daemon.ended).toBe(0);
    const printed = await scene.workspace.tierd('config', 'print');
    expect(`${printed.stdout}${daemon.stderr()}${failed.stdout}`).not.toContain(secret);
  });
});

describe('a daemon that is gone for a while', () => {
  it('tells nothing twice, who had not heard, and the end of what ended meanwhile', async () => {
    const database = await createTestDatabase();
    await fillTicks(database, { dueDays: 1, rows: 10 });
    const receiver = await makeReceiver();
    const scene = await makeDaemon(
      database,
      `${FAST}
schedules: { rotate: { every: 1s, retries: 0 } }
daemon: { ${LEASE}, circuit_failures: 1000 }
server: { port: 0 }
alerts:
  settle: 0s
  webhooks: { ops: { url: "http://127.0.0.1:${String(receiver.port)}/", kinds: [job_failed] } }
  commands: { pager: { command: 'echo "$TIERD_ALERT_EVENT $TIERD_ALERT_ID" >> pages', kinds: [job_failed] } }`,
    );
    const pages = pagesIn(scene.workspace.directory);
    const kept = async (): Promise<unknown> =>
      (await database.query('select id, told_to from tierd.alerts')).rows;
    await hide(database);
    const first = scene.run();
    await expect.poll(kept, PATIENCE).toEqual([{ id: 'job_failed:rotate', told_to: ['pager'] }]);
    first.child.kill('SIGKILL');
    await first.ended;

    await receiver.listen();
    const second = scene.run();
    await expect.poll(() => receiver.told.map(({ event }) => event), PATIENCE).toEqual(['firing']);
    await expect
      .poll(kept, PATIENCE)
      .toEqual([{ id: 'job_failed:rotate', told_to: ['ops', 'pager'] }]);
    second.child.kill('SIGTERM');
    expect(await second.ended).toBe(0);
    expect(await kept()).toHaveLength(1);

    await bringBack(database);
    const third = scene.run();
    await expect
      .poll(() => receiver.told.map(({ event }) => event), PATIENCE)
      .toEqual(['firing', 'recovered']);
    await expect
      .poll(pages, PATIENCE)
      .toEqual(['firing job_failed:rotate', 'recovered job_failed:rotate']);
    await expect.poll(kept, PATIENCE).toEqual([]);
    third.child.kill('SIGTERM');
    expect(await third.ended).toBe(0);
  });
});

describe('a segment that is gone', () => {
  it('is told by the scrub, and what was never delivered is in the log', async () => {
    const database = await createTestDatabase();
    await fillTicks(database, { dueDays: 1, rows: 10 });
    const receiver = await makeReceiver();
    const port = await freePort();
    const scene = await makeDaemon(
      database,
      `${FAST}
schedules: { rotate: { cron: "0 0 29 2 *" }, scrub: { every: 1s } }
daemon: { ${LEASE}, circuit_failures: 2 }
server: { port: ${String(port)}, survey_interval: 600s }
alerts: { webhooks: { ops: { url: "http://127.0.0.1:${String(receiver.port)}/hook" } } }`,
    );
    expect((await scene.workspace.tierd('rotate')).exitCode).toBe(0);
    const segment = readdirSync(scene.workspace.lake, { recursive: true, encoding: 'utf8' }).find(
      (name) => name.endsWith('.parquet'),
    );
    rmSync(join(scene.workspace.lake, segment ?? ''));
    const daemon = scene.run();
    await expect
      .poll(async () => (await shownAt(port).catch(() => [])).map(({ kind }) => kind), PATIENCE)
      .toEqual(expect.arrayContaining(['bad_segment', 'job_resting']));
    // The lake as well is told to be incomplete, where it was looked at by then.
    expect(new Set((await shownAt(port)).map(({ delivered }) => delivered))).toEqual(
      new Set([false]),
    );
    daemon.child.kill('SIGTERM');
    expect(await daemon.ended).toBe(0);
    expect(daemon.stderr()).toMatch(
      /ops: an alert was not delivered \(the daemon stops\): firing: 1 segment of ticks is not what was published/,
    );
  });
});

describe('PostgreSQL that goes away', () => {
  let server: PostgresServer;
  beforeAll(async () => {
    server = await startPostgres({});
  });
  afterAll(() => server.remove());

  it('is told, and so is its return; a pause is heard of after it', async () => {
    const database = await databaseOn(server);
    await fillTicks(database, { dueDays: 1, rows: 10 });
    const scene = await makeDaemon(
      database,
      `${FAST}
schedules: { rotate: { every: 1s } }
daemon: { ${LEASE} }
alerts:
  settle: 0s
  unreachable_after: 1s
  commands: { pager: { command: 'echo "$TIERD_ALERT_EVENT $TIERD_ALERT_ID" >> pages', kinds: [store_unreachable] } }`,
    );
    const pages = pagesIn(scene.workspace.directory);
    const daemon = scene.run();
    await said(daemon, /rotate: done/);
    await server.stop('immediate');
    await expect.poll(pages, PATIENCE).toEqual(['firing store_unreachable:postgres']);
    await server.start();
    await expect
      .poll(pages, PATIENCE)
      .toEqual(['firing store_unreachable:postgres', 'recovered store_unreachable:postgres']);
    const paused = await scene.workspace.tierd('jobs', 'pause', 'rotate');
    expect(paused).toMatchObject({ exitCode: 0 });
    await said(daemon, /rotate: paused; no schedule starts it/);
    daemon.child.kill('SIGTERM');
    expect(await daemon.ended).toBe(0);
  });
});

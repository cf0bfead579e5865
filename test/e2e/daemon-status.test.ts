/** The status page of a running daemon, over a real socket, and the commands that use it. */
import { describe, expect, it } from 'vitest';
import { fillTicks, makeDaemon, PATIENCE, said } from '../support/daemon.ts';
import { createTestDatabase } from '../support/database.ts';
import { freePort } from '../support/free-port.ts';

const CONTROL = 'control-token-0123456789';
const SLOW = 'storage: { lifecycle: { guards: { max_rows_per_second: 10, max_share: 1 } } }';
const NEVER = 'schedules: { rotate: { cron: "0 0 29 2 *" } }';

interface StatusDocument {
  readonly role: string;
  readonly jobs: readonly {
    readonly running: { readonly progress: { readonly done: number } | null } | null;
    readonly last: { readonly state: string; readonly cause: string } | null;
  }[];
}

describe('the status page', () => {
  it('shows a job that was asked for, with its progress, and its end when it was cancelled', async () => {
    const database = await createTestDatabase();
    await fillTicks(database, { dueDays: 1, rows: 400 });
    const port = await freePort();
    const scene = await makeDaemon(
      database,
      `${SLOW}\n${NEVER}\nserver: { port: ${String(port)}, control_token: ${CONTROL} }`,
    );
    const url = `http://127.0.0.1:${String(port)}`;
    const status = async (): Promise<StatusDocument> =>
      (await (await fetch(`${url}/status`)).json()) as StatusDocument;
    const daemon = scene.run();
    await said(daemon, /the status page is at/);
    await expect.poll(async () => (await fetch(`${url}/readyz`)).status, PATIENCE).toBe(200);
    expect((await status()).role).toBe('leader');

    const run = await scene.workspace.tierd('jobs', 'run', 'rotate');
    expect(run).toMatchObject({ exitCode: 0, stdout: 'rotate: started\n' });
    await expect
      .poll(async () => (await status()).jobs[0]?.running?.progress?.done, PATIENCE)
      .toBeGreaterThan(0);
    const metrics = await (await fetch(`${url}/metrics`)).text();
    expect(metrics).toContain('tierd_job_running{job="rotate"} 1');
    const again = await scene.workspace.tierd('jobs', 'run', 'rotate', '--json');
    expect(JSON.parse(again.stdout)).toEqual({ job: 'rotate', outcome: 'skip', dry_run: null });

    expect((await scene.workspace.tierd('jobs', 'cancel', 'rotate')).exitCode).toBe(0);
    await expect
      .poll(async () => (await status()).jobs[0]?.last, PATIENCE)
      .toMatchObject({ state: 'cancelled', cause: 'manual' });
    expect(await scene.hotRows('ticks')).toBe(800);
    const { runs } = (await (await fetch(`${url}/v1/runs?job=rotate`)).json()) as {
      runs: { state: string }[];
    };
    expect(runs).toMatchObject([{ state: 'cancelled' }]);

    const unknown = await scene.workspace.tierd('jobs', 'run', 'nothing');
    expect(unknown.exitCode).toBe(3);
    expect(unknown.stderr).toContain('There is no job nothing; there are rotate.');

    const second = scene.run();
    expect(await second.ended).toBe(1);
    expect(second.stderr()).toContain('EADDRINUSE');

    daemon.child.kill('SIGTERM');
    expect(await daemon.ended).toBe(0);
    const gone = await scene.workspace.tierd('jobs', 'run', 'rotate');
    expect(gone.exitCode).toBe(1);
    expect(gone.stderr).toContain('No daemon answers');
  });
});

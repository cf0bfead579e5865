/** Backups that the daemon makes by itself, and what it tells of them. */
import { expect, it } from 'vitest';
import type { SurveyDocument } from '../../src/http/survey-schema.ts';
import { makePrograms } from '../support/backup.ts';
import { fillTicks, makeDaemon, PATIENCE, said, stopped } from '../support/daemon.ts';
import { createTestDatabase } from '../support/database.ts';
import { freePort } from '../support/server-process.ts';
import { describeOn } from '../support/servers.ts';

interface Status {
  readonly survey: SurveyDocument | null;
  readonly alerts: readonly { readonly kind: string; readonly subject: string }[];
  readonly jobs: readonly {
    readonly job: string;
    readonly last: { readonly state: string } | null;
  }[];
}

describeOn('pg_dump', 'backups of the daemon', () => {
  it('are made on their schedule, told with their age, and missed where they are not made', async () => {
    const database = await createTestDatabase();
    await fillTicks(database, { dueDays: 2, rows: 10 });
    const programs = await makePrograms();
    const port = await freePort();
    const scene = await makeDaemon(
      database,
      `schedules:
  rotate: { cron: "0 0 29 2 *" }
  backup: { snapshot: { every: 2s }, drill: { every: 7s } }
daemon: { lease_ttl: 2s }
backup: { path: kept, programs: ${programs}, overdue: { snapshot: 1h, drill: 1h, verify: 1s } }
server: { port: ${String(port)}, survey_interval: 1s }`,
    );
    expect(await scene.workspace.tierd('rotate', '--force')).toMatchObject({ exitCode: 0 });
    const daemon = scene.run();
    const url = `http://127.0.0.1:${String(port)}`;
    const status = async () => (await (await fetch(`${url}/status`)).json()) as Status;
    await expect
      .poll(async () => (await status().catch(() => null))?.survey?.backups ?? [], PATIENCE)
      .toEqual(
        expect.arrayContaining([
          expect.objectContaining({ kind: 'snapshot', finished_at: expect.stringMatching(/Z$/) }),
          expect.objectContaining({ kind: 'drill', backup: expect.any(String) }),
        ]),
      );
    await expect
      .poll(
        async () => (await status()).alerts.map(({ kind, subject }) => `${kind}:${subject}`),
        PATIENCE,
      )
      .toEqual(['backup_overdue:verify']);
    const { jobs } = await status();
    expect(jobs.find(({ job }) => job === 'backup-snapshot')?.last?.state).toBe('done');
    const metrics = await (await fetch(`${url}/metrics`)).text();
    expect(metrics).toMatch(
      /tierd_backup_last_success_timestamp_seconds\{kind="snapshot"\} 1\d{9}/,
    );
    expect(metrics).toContain('tierd_alerts{kind="backup_overdue"} 1');
    await stopped(daemon);
  });

  it('are made once more before it stops, where a hook says so', async () => {
    const database = await createTestDatabase();
    await fillTicks(database, { dueDays: 2, rows: 10 });
    const programs = await makePrograms();
    const { workspace, run } = await makeDaemon(
      database,
      `schedules: { rotate: { cron: "0 0 29 2 *" } }
daemon: { lease_ttl: 2s, shutdown_timeout: 3min, shutdown_hooks: ["tierd backup snapshot"] }
backup: { path: kept, programs: ${programs} }`,
    );
    const { tierd } = workspace;
    expect(await tierd('rotate', '--force')).toMatchObject({ exitCode: 0 });
    const daemon = run();
    await said(daemon, /leading/);
    await stopped(daemon);
    const { backups } = JSON.parse((await tierd('backup', 'list', '--json')).stdout) as {
      readonly backups: readonly { readonly kind: string; readonly segments: number }[];
    };
    expect(backups).toMatchObject([{ kind: 'snapshot', segments: 2 }]);
    expect(await tierd('backup', 'verify')).toMatchObject({ exitCode: 0 });
  });
});

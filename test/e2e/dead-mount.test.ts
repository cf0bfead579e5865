/** A lake on a mount that answers nothing, not even an error, as of a network server that is away. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { beforeEach, expect, it } from 'vitest';
import { type CliResult, TIERD } from '../support/cli.ts';
import {
  type DaemonScene,
  fillTicks,
  makeDaemon,
  PATIENCE,
  pageOf,
  said,
} from '../support/daemon.ts';
import { createTestDatabase } from '../support/database.ts';
import { hangPrivately, type PrivateMount } from '../support/private-mount.ts';
import { describeOn } from '../support/servers.ts';
import { type RunningTierd, startTierd } from '../support/workspace.ts';

const SECTIONS = `
storage: { lifecycle: { guards: { max_share: 1 } } }
schedules: { rotate: { cron: "0 0 29 2 *" } }
server: { port: 0, survey_interval: 1s }`;

const SILENCE = /The lake .* does not answer/;

describeOn(['mounts', 'automounts'], 'while the lake’s file system answers nothing', () => {
  let scene: DaemonScene;
  let mount: PrivateMount;

  function start(...argv: readonly string[]): RunningTierd {
    const { config, directory } = scene.workspace;
    const command = mount.command([process.execPath, TIERD, '--config', config, ...argv]);
    const [program, ...args] = command;
    return startTierd(program, args, directory);
  }

  async function tierd(...argv: readonly string[]): Promise<CliResult> {
    const running = start(...argv);
    const exitCode = await running.ended;
    return { exitCode, stdout: running.stdout(), stderr: running.stderr() };
  }

  /** Ten cold rows, and twenty hot ones of which ten are due. */
  beforeEach(async () => {
    const database = await createTestDatabase();
    await fillTicks(database, { dueDays: 1, rows: 10 });
    scene = await makeDaemon(database, SECTIONS);
    expect(await scene.workspace.tierd('rotate')).toMatchObject({ exitCode: 0 });
    await fillTicks(database, { dueDays: 1, rows: 5 });
    mount = await hangPrivately(join(scene.workspace.directory, 'lake'));
  });

  it('status and doctor say so, and all else that they know', async () => {
    const status = await tierd('status');
    expect(status.stdout).toMatch(SILENCE);
    expect(status.stdout).toMatch(/ticks +hot +20 /);
    expect(status.stdout).not.toMatch(/ free\n/);
    expect(status.exitCode).toBe(4);
    const doctor = await tierd('doctor');
    expect(doctor.stdout).toMatch(SILENCE);
    expect(doctor.stdout).toMatch(/ok +ledger/);
    expect(doctor.exitCode).toBe(1);
  });

  it('what needs the lake ends with LAKE_UNREACHABLE, and nothing has changed', async () => {
    for (const argv of [
      ['rotate'],
      ['scrub'],
      ['lake', 'show'],
      ['query', 'select count(*) from ticks'],
    ]) {
      const { exitCode, stderr } = await tierd(...argv);
      expect(stderr, argv.join(' ')).toMatch(SILENCE);
      expect(stderr).toContain('LAKE_UNREACHABLE');
      expect(exitCode).toBe(1);
    }
    expect(await scene.hotRows('ticks')).toBe(20);
  });

  it('what needs no segment is answered', async () => {
    const hot = await tierd(
      'query',
      '--format',
      'ndjson',
      'select count(*)::int as n from hot.ticks',
    );
    expect(hot).toMatchObject({ exitCode: 0, stdout: '{"n":20}\n' });
  });

  it('what spills there ends with a word as well', async () => {
    scene.edit('temp_dir: spill', 'temp_dir: lake/spill');
    scene.edit('path: lake', 'path: elsewhere');
    const { exitCode, stderr } = await tierd('rotate');
    expect(stderr).toMatch(/maintenance.temp_dir, .*does not answer/);
    expect(exitCode).toBe(2);
  });

  it('a daemon says so, goes on with all else, uses the lake once it is back, and stops', async () => {
    const daemon = start('run');
    await said(daemon, /the status page is at/);
    const page = pageOf(daemon);
    const ready = async (): Promise<{ ready: boolean; missing: readonly string[] }> =>
      (await (await fetch(`${page}/readyz`)).json()) as never;
    await expect
      .poll(async () => (await ready()).missing.join(), PATIENCE)
      .toMatch(/^the lake: .*does not answer/);
    const [program, ...args] = mount.command([
      'umount',
      '-l',
      join(scene.workspace.directory, 'lake'),
    ]);
    expect(spawnSync(program, args)).toMatchObject({ status: 0 });
    await expect.poll(async () => (await ready()).ready, PATIENCE).toBe(true);
    daemon.child.kill('SIGTERM');
    expect(await daemon.ended).toBe(0);
  });

  it('a daemon that stops while it is silent stops', async () => {
    const daemon = start('run');
    await said(daemon, /the lake can't be used/);
    daemon.child.kill('SIGTERM');
    expect(await daemon.ended).toBe(0);
  });
});

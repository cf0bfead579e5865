/** I12: a disk of the database that is put back, or copied and started, leaves no trace in PostgreSQL; the lake remembers more. */
import { execFileSync } from 'node:child_process';
import { expect, it, onTestFinished } from 'vitest';
import { runInside } from '../../support/cli.ts';
import { directoryWith } from '../../support/config-file.ts';
import { fillTicks } from '../../support/daemon.ts';
import type { TestDatabase } from '../../support/database.ts';
import { databaseOn } from '../../support/own-database.ts';
import { startPostgres } from '../../support/postgres-server.ts';
import { describeOn } from '../../support/servers.ts';

interface Scene {
  readonly database: TestDatabase;
  readonly tierd: (...argv: string[]) => ReturnType<typeof runInside>;
  readonly keepDisk: () => Promise<void>;
  readonly putBackDisk: () => Promise<void>;
}

async function makeScene(): Promise<Scene> {
  const server = await startPostgres();
  onTestFinished(() => server.remove());
  const database = await databaseOn(server);
  await fillTicks(database, { dueDays: 2, rows: 50 });
  const directory = directoryWith({
    'tierd.yaml': `
postgres: { url: "${database.url}" }
lake: { type: local, path: ./lake, min_free: 0MB }
storage: { lifecycle: { guards: { max_share: 1 } } }
datasets: { ticks: { time_column: ts } }`,
  });
  const whileStopped = async (...lines: readonly (readonly string[])[]): Promise<void> => {
    await server.stop('fast');
    for (const [program = '', ...args] of lines) execFileSync(program, args);
    await server.start();
  };
  const { dataDir } = server;
  const kept = `${dataDir}.kept`;
  const scene: Scene = {
    database,
    tierd: (...argv) =>
      runInside(['--config', `${directory}/tierd.yaml`, ...argv], { clock: Date }),
    keepDisk: () => whileStopped(['cp', '-a', dataDir, kept]),
    putBackDisk: () => whileStopped(['rm', '-rf', dataDir], ['mv', kept, dataDir]),
  };
  expect(await scene.tierd('migrate')).toMatchObject({ exitCode: 0 });
  return scene;
}

/** The disk was kept after the first move, and more was moved since. */
async function movedSinceKept(dueDays: number): ReturnType<typeof makeScene> {
  const scene = await makeScene();
  expect(await scene.tierd('rotate')).toMatchObject({ exitCode: 0 });
  await scene.keepDisk();
  await fillTicks(scene.database, { dueDays, rows: 50 });
  expect(await scene.tierd('rotate')).toMatchObject({ exitCode: 0 });
  return scene;
}

const COUNT = ['query', '--format', 'csv', 'select count(*) as n from ticks'];

describeOn('pg_dump', 'a database whose disk was set back', () => {
  it('I12: is refused the lake until adopt has taken up what was moved since', async () => {
    const { tierd, putBackDisk } = await movedSinceKept(4);
    expect((await tierd(...COUNT)).stdout).toContain('400');
    await putBackDisk();

    for (const argv of [
      ['rotate'],
      ['rotate', '--dry-run'],
      ['compact', '--dry-run'],
      ['scrub'],
      ['doctor'],
      ['status'],
    ]) {
      const { exitCode, stdout, stderr } = await tierd(...argv);
      expect(exitCode, argv.join(' ')).not.toBe(0);
      expect(stdout + stderr, argv.join(' ')).toMatch(/this ledger has no such entry/);
    }
    expect(await tierd('adopt', '--yes')).toMatchObject({ exitCode: 0 });
    expect(await tierd('rotate')).toMatchObject({ exitCode: 0 });
    // All but the fifty that were never moved.
    expect((await tierd(...COUNT)).stdout).toContain('350');
    expect(await tierd('scrub')).toMatchObject({ exitCode: 0 });
  });

  it('I12: is refused the lake where it and its original have gone on side by side', async () => {
    const { database, tierd, putBackDisk } = await movedSinceKept(1);
    await putBackDisk();
    // As much was done by this one meanwhile, and it was something else.
    await database.query(
      `with head as (
         update tierd.audit_heads set number = number + 1, hash = sha256(hash) where chain = 'ticks' returning *)
       insert into tierd.audit (chain, number, entry, hash) select chain, number, '{}', hash from head`,
    );
    expect((await tierd('rotate')).stderr).toContain('LAKE_NOT_OWNED');

    expect(await tierd('lake', 'take-over', '--yes')).toMatchObject({ exitCode: 0 });
    expect(await tierd('rotate')).toMatchObject({ exitCode: 0 });
  });
});

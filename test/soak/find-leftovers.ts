/** What is left when nothing was killed any more and a whole run of each job has followed: nothing (I4). */
import { strayFiles } from '../crash/check.ts';
import { clockOf, findLeft } from '../crash/leftovers.ts';
import { runTierd } from '../support/cli.ts';
import { KEEP_DELIVERIES_MS, type SoakScene } from './scene.ts';
import { openClient, TABLES } from './writers.ts';

export async function findLeftovers(scene: SoakScene): Promise<readonly string[]> {
  const left: string[] = [];
  const db = await openClient(scene.postgres.url);
  try {
    const outlived = { keepMs: KEEP_DELIVERIES_MS, asOf: await clockOf(db) };
    for (const job of ['drain', 'rotate']) {
      const { exitCode, stderr } = await runTierd([job, '--config', scene.configs[0]?.file ?? ''], {
        workingDirectory: scene.directory,
      });
      if (exitCode !== 0) left.push(`a last ${job} ended with ${String(exitCode)}: ${stderr}`);
    }
    for (const table of Object.keys(TABLES)) {
      // Replaced by newer rows, and kept for its readers until grace_period is over: known to the ledger.
      const stray = await strayFiles(db, table, scene.lake);
      left.push(...stray.map((file) => `in the lake, and nobody's: ${file}`));
    }
    const { lake, spill } = scene;
    left.push(...(await findLeft(db, { lake, spill, outlived })));
  } finally {
    await db.end();
  }
  return left.map((what) => `left over: ${what}`);
}

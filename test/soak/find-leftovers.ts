/** What is left when nothing was killed any more and a whole run of each job has followed: nothing (I4). */
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { strayFiles } from '../crash/check.ts';
import { leftInLake, leftInLedger, leftInPostgres, leftInSpill } from '../crash/leftovers.ts';
import { runTierd } from '../support/cli.ts';
import type { SoakScene } from './scene.ts';
import { openClient, TABLES } from './writers.ts';

/** How often connections that were closed are looked for again. */
const LOOKS = 100;

export async function findLeftovers(scene: SoakScene): Promise<readonly string[]> {
  const left: string[] = [];
  for (const job of ['drain', 'rotate']) {
    const { exitCode, stderr } = await runTierd([job, '--config', scene.configs[0]?.file ?? ''], {
      workingDirectory: scene.directory,
    });
    if (exitCode !== 0) left.push(`a last ${job} ended with ${String(exitCode)}: ${stderr}`);
  }
  const db = await openClient(scene.postgres.url);
  try {
    left.push(...(await leftInLedger(db)));
    for (const table of Object.keys(TABLES)) {
      // Replaced by newer rows, and kept for its readers until grace_period is over: known to the ledger.
      const stray = await strayFiles(db, table, scene.lake);
      left.push(...stray.map((file) => `in the lake, and nobody's: ${file}`));
    }
    let open = await leftInPostgres(db);
    for (let look = 0; look < LOOKS && open.length > 0; look += 1) {
      await pause(50);
      open = await leftInPostgres(db);
    }
    left.push(...open);
  } finally {
    await db.end();
  }
  left.push(...(await leftInLake(scene.lake)));
  left.push(...(await leftInSpill(join(scene.directory, 'spill'))));
  return left.map((what) => `left over: ${what}`);
}

/** Days of rows in a lake, fifty hot ones, and a place for backups of both. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { DrillRooms } from '../../../src/jobs/backup/rooms.ts';
import { type BackupBench, withBackups } from '../../support/backup.ts';
import { readCold } from '../../support/cold-rows.ts';
import { type CopyScene, openScene } from '../lake-copy/scene.ts';

export type BackupScene = CopyScene & BackupBench;

export async function openWithBackups(
  days?: readonly number[],
  changes: Partial<DrillRooms> = {},
): Promise<BackupScene> {
  const scene = await openScene(undefined, days);
  const bench = await withBackups(scene.bench, scene.database, [scene.dataset], changes);
  await scene.database.query(
    `insert into ticks select now() + n * interval '1 second', 'hot', n from generate_series(1, 50) n`,
  );
  return { ...scene, ...bench };
}

/** All rows of ticks, hot and cold, by what the ledger of that database says. */
export async function rowsOf(
  database: Pick<CopyScene['database'], 'query'>,
  lake: string,
): Promise<readonly string[]> {
  const { rows: segments } = await database.query(
    `select object_key as key from tierd.segments where state = 'live'`,
  );
  const cold = await readCold(lake, segments as { key: string }[], 'symbol, n');
  const { rows: hot } = await database.query('select symbol, n from ticks');
  return [...hot, ...cold].map(({ symbol, n }) => `${String(symbol)} ${String(n)}`).sort();
}

export async function filesBelow(directory: string): Promise<readonly string[]> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(directory.length + 1))
    .sort();
}

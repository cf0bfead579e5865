/** A real disk that is full: DuckDB writes into it, and so does the publishing. */
import { mkdir, open, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { listSegments } from '../../src/ledger/segments.ts';
import { strayFiles } from '../crash/check.ts';
import { TIERD } from '../support/cli.ts';
import { readCold } from '../support/cold-rows.ts';
import { createTestDatabase } from '../support/database.ts';
import { mountPrivately } from '../support/private-mount.ts';
import { describeOn } from '../support/servers.ts';
import { makeWorkspace, type RunningTierd, startTierd } from '../support/workspace.ts';

const DAYS = [40, 39, 38, 37];
const ROWS_A_DAY = 5_000;

/** Fills the disk to its last byte; the disk is as before when `file` is removed. */
async function takeAllBytes(directory: string): Promise<void> {
  const file = await open(join(directory, 'filler'), 'w');
  try {
    for (const size of [1 << 20, 1 << 12]) {
      for (;;) await file.write(Buffer.alloc(size)).then(assertSome);
    }
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOSPC')) throw error;
  } finally {
    await file.close();
  }
}

function assertSome({ bytesWritten }: { readonly bytesWritten: number }): void {
  if (bytesWritten === 0) throw Object.assign(new Error('full'), { code: 'ENOSPC' });
}

/** Takes every inode: files can grow then, and nothing can be added. */
async function takeAllNames(directory: string): Promise<void> {
  const filler = join(directory, 'filler');
  await mkdir(filler);
  try {
    for (let n = 0; ; n += 1) await writeFile(join(filler, String(n)), '');
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOSPC')) throw error;
  }
}

describeOn('mounts', 'a disk that fills up in the middle of a rotation', () => {
  it.each([
    ['of bytes, while files are staged', takeAllBytes],
    ['of names, while files are published', takeAllNames],
  ] as const)(
    '%s: LAKE_FULL, nothing is lost, and with room again it goes on (I1, I4)',
    async (_, fill) => {
      const database = await createTestDatabase();
      const db = await database.connect();
      await database.query('create table ticks (ts timestamptz, symbol text, id int)');
      for (const [index, daysAgo] of DAYS.entries()) {
        await database.query(
          `insert into ticks
         select date_trunc('day', now(), 'UTC') - $1::int * interval '1 day' + n * interval '1 second', md5(n::text), $2::int + n
         from generate_series(0, ${String(ROWS_A_DAY - 1)}) n`,
          [daysAgo, index * ROWS_A_DAY],
        );
      }
      const guards = 'guards: { max_share: 1 }';
      const workspace = makeWorkspace(database, `  ticks: { time_column: ts, ${guards} }`);
      const lake = join(workspace.directory, 'lake');
      await mkdir(lake);
      const disk = await mountPrivately(lake, { kilobytes: 16_384, inodes: 200 });
      const cold = join(disk.seenFromOutside, 'cold_storage');
      const rotate = (): RunningTierd => {
        const argv = [process.execPath, TIERD, '--config', workspace.config, 'rotate'];
        const [program, ...args] = disk.command(argv);
        return startTierd(program, args, '/');
      };
      const expectWhole = async (): Promise<void> => {
        const segments = await listSegments(db, { dataset: 'ticks', states: ['live'] });
        const rows = await readCold(cold, segments, 'id');
        const hot = await db.query<{ id: number }>('select id from ticks');
        const ids = [...hot.rows.map(({ id }) => id), ...rows.map((row) => Number(row['id']))];
        expect(new Set(ids).size).toBe(DAYS.length * ROWS_A_DAY);
        expect(ids).toHaveLength(DAYS.length * ROWS_A_DAY);
      };
      await workspace.tierd('migrate');

      // The first move waits for this row to be deleted; meanwhile the disk fills up.
      const holder = await database.connect();
      onTestFinished(() => holder.end());
      await holder.query('begin; select 1 from ticks where id = 7 for update');
      const running = rotate();
      const waiting = `select 1 from pg_stat_activity
      where query like '%delete from%' and wait_event_type = 'Lock' and datname = current_database()`;
      await expect.poll(async () => (await db.query(waiting)).rowCount).toBe(1);
      await fill(disk.seenFromOutside);
      await holder.query('rollback');
      expect(await running.ended, running.stderr()).toBe(4);
      expect(running.stderr()).toContain('code  LAKE_FULL, exit 4');
      expect(running.stderr()).toMatch(/free space/i);
      await expectWhole();

      await rm(join(disk.seenFromOutside, 'filler'), { recursive: true });
      const again = rotate();
      expect(await again.ended, again.stderr()).toBe(0);
      await expectWhole();
      expect((await db.query('select 1 from ticks')).rowCount).toBe(0);
      expect(await strayFiles(db, 'ticks', cold)).toEqual([]);
    },
  );
});

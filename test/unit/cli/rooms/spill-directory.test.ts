import { spawn, spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import {
  sweepSpillDirectories,
  withSpillDirectory,
} from '../../../../src/cli/rooms/spill-directory.ts';

describe('where DuckDB spills', () => {
  let parent: string;
  beforeEach(async () => {
    parent = await mkdtemp(join(tmpdir(), 'tierd-test-'));
    onTestFinished(() => rm(parent, { recursive: true, force: true }));
  });

  async function leave(name: string): Promise<void> {
    await mkdir(join(parent, name));
    await writeFile(join(parent, name, 'duckdb_temp_storage_DEFAULT-0.tmp'), 'rows');
  }

  const deadPid = (): number => spawnSync('true').pid;

  it('is there while the work goes on, and gone after it, however it ended', async () => {
    const failing = withSpillDirectory(parent, async (directory) => {
      await writeFile(join(directory, 'spilled'), 'rows');
      expect(await readdir(parent)).toHaveLength(1);
      throw new Error('over');
    });
    await expect(failing).rejects.toThrow('over');
    expect(await readdir(parent)).toEqual([]);
  });

  it('is made where it is missing', async () => {
    const missing = join(parent, 'var', 'spill');
    expect(await withSpillDirectory(missing, () => readdir(missing))).toHaveLength(1);
  });

  it('is refused where it can’t be made, by the name of its key', async () => {
    await writeFile(join(parent, 'file'), '');
    await expect(
      withSpillDirectory(join(parent, 'file', 'spill'), () => Promise.resolve()),
    ).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: expect.stringContaining('maintenance.temp_dir') as string,
    });
  });

  it('is swept of what a killed process left, and of nothing else', async () => {
    const living = spawn('sleep', ['60']);
    onTestFinished(() => void living.kill());
    const host = hostname();
    const kept = [
      `tierd-spill-${host}-${String(living.pid)}-abcdef`,
      `tierd-spill-elsewhere-${String(deadPid())}-abcdef`,
      `tierd-spill-${host}-${String(deadPid())}-abcdef-mine`,
      `tierd-spill-${host}-abcdef`,
      'something-else',
    ];
    const left = `tierd-spill-${host}-${String(deadPid())}-Xy12ab`;
    for (const name of [...kept, left]) await leave(name);
    expect(await sweepSpillDirectories(parent)).toEqual([left]);
    expect((await readdir(parent)).toSorted()).toEqual(kept.toSorted());
  });

  const weeksAgo = (weeks: number): Date => new Date(Date.now() - weeks * 7 * 86_400_000);

  it.each([
    ['another container, a fortnight ago', 'tierd-spill-elsewhere-17-abcdef', 2],
    [
      'this process’ number, before it began',
      `tierd-spill-${hostname()}-${String(process.pid)}-abcdef`,
      0.1,
    ],
  ])('is swept of what was left by %s', async (_, name, weeks) => {
    await leave(name);
    expect(await sweepSpillDirectories(parent)).toEqual([]);
    const then = weeksAgo(weeks);
    await utimes(join(parent, name, 'duckdb_temp_storage_DEFAULT-0.tmp'), then, then);
    // A file that was made since, in an old directory, or changed, is somebody's who works.
    expect(await sweepSpillDirectories(parent)).toEqual([]);
    await utimes(join(parent, name), then, then);
    expect(await sweepSpillDirectories(parent)).toEqual([name]);
  });

  it('of a process that was killed is gone with the next that works there', async () => {
    await leave(`tierd-spill-${hostname()}-${String(deadPid())}-Xy12ab`);
    await withSpillDirectory(parent, async (directory) => {
      expect(await readdir(parent)).toEqual([directory.slice(parent.length + 1)]);
    });
    expect(await readdir(parent)).toEqual([]);
  });
});

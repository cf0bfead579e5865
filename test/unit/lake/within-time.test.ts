import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { open, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { nodeFileSystem } from '../../../src/lake/file-system.ts';
import { knockerAt } from '../../../src/lake/knock.ts';
import { withinTime } from '../../../src/lake/within-time.ts';
import { directoryWith } from '../../support/config-file.ts';

// Long enough for a busy machine to answer.
const LIMITS = { knockMs: 60_000, lookMs: 3_000, effectMs: 3_000, freshMs: 60_000 };

/** A folder with a file, and with a pipe that nobody writes to: whoever opens that to read hangs. */
function folderThatHangs() {
  const place = directoryWith({ file: 'said' });
  const pipe = join(place, 'pipe');
  expect(spawnSync('mkfifo', [pipe])).toMatchObject({ status: 0 });
  let held = 0;
  const fs = withinTime(nodeFileSystem, {
    place,
    knock: knockerAt(place),
    whileHeld: () => {
      held += 1;
      return () => {
        held -= 1;
      };
    },
    limits: LIMITS,
  });
  return {
    fs,
    place,
    pipe,
    held: () => held,
    answer: async () => (await open(pipe, 'w')).close(),
    read: async (path: string): Promise<string> => {
      let text = '';
      for await (const chunk of fs.read(path, null)) text += Buffer.from(chunk).toString();
      return text;
    },
  };
}

const SILENCE = { code: 'LAKE_UNREACHABLE', retry: true };

it('a read that hangs is told after its time, and all other steps at once', async () => {
  const { fs, place, pipe, held, answer, read } = folderThatHangs();
  await expect(read(pipe)).rejects.toMatchObject(SILENCE);
  await expect(read(pipe)).rejects.toThrow(`read ${pipe}`);
  expect(held()).toBe(1);
  await expect(fs.look(place)).rejects.toMatchObject(SILENCE);
  await expect(fs.freeBytes(place)).rejects.toMatchObject(SILENCE);
  await expect(fs.unlink(join(place, 'file'))).rejects.toMatchObject(SILENCE);
  await answer();
});

it('is as it was once the file system answers, and nothing keeps the process from its end', async () => {
  const { fs, place, pipe, held, answer, read } = folderThatHangs();
  await expect(read(pipe)).rejects.toMatchObject(SILENCE);
  await answer();
  await expect.poll(held).toBe(0);
  expect(await read(join(place, 'file'))).toBe('said');
  await fs.unlink(join(place, 'file'));
  expect(await fs.look(join(place, 'file'))).toBeNull();
});

it('an effect that hangs is given up as well', async () => {
  const { fs, pipe, answer } = folderThatHangs();
  // To flush a pipe it is opened, which waits for somebody to write.
  await expect(fs.syncDirectory(pipe)).rejects.toMatchObject(SILENCE);
  await answer();
});

it('an error is an answer', async () => {
  const { fs, place } = folderThatHangs();
  await expect(fs.readDirectory(join(place, 'none'))).rejects.toMatchObject({ code: 'ENOENT' });
  expect(await fs.look(join(place, 'none'))).toBeNull();
});

it('the look before all others is one from outside: while it hangs no thread of this process does', async () => {
  const place = directoryWith({ file: 'said' });
  let knocks = 0;
  let isThere = false;
  const fs = withinTime(nodeFileSystem, {
    place,
    knock: async (signal) => {
      knocks += 1;
      if (!isThere) await once(signal, 'abort');
      return isThere;
    },
    whileHeld: () => expect.unreachable('no step of this process hangs'),
    limits: { ...LIMITS, knockMs: 20, lookMs: 60_000, freshMs: 500 },
  });
  const looks = [fs.look(place), fs.freeBytes(place), fs.unlink(join(place, 'file'))];
  const ends = await Promise.allSettled(looks);
  expect(ends.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected']);
  expect(knocks).toBe(1);
  isThere = true;
  await expect.poll(() => fs.look(place).catch(() => null)).toMatchObject({ kind: 'directory' });
  expect(await fs.look(join(place, 'file'))).toMatchObject({ kind: 'file' });
});

it('a knock is answered where something is, where nothing is, and where the way ends', async () => {
  const place = directoryWith({ file: 'said' });
  const { signal } = new AbortController();
  for (const name of ['file', 'none', 'file/none', 'it\'s $(touch made) "here"']) {
    expect(await knockerAt(join(place, name))(signal)).toBe(true);
  }
  expect(await readdir(place)).toEqual(['file']);
});

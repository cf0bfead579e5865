/** A result file that is there whole or not at all. */
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { open, rename, rm, stat, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { Writable } from 'node:stream';
import { finished } from 'node:stream/promises';
import { TierdError } from '../../domain/errors.ts';
import type { AnswerSink } from './write-rows.ts';

/** Beside the file, so that the rename stays on its file system. */
export function partPathOf(path: string, pid: number): string {
  return join(dirname(path), `.${basename(path)}.${String(pid)}.part`);
}

/**
 * Lets `write` fill the empty file `temporary`, then gives it the name `path`, replacing what had it.
 * When `write` fails, nothing is left and what was there before is untouched.
 *
 * @throws TierdError OUTPUT_UNWRITABLE
 */
export async function replaceFile<T>(
  path: string,
  temporary: string,
  write: () => Promise<T>,
): Promise<T> {
  // Before the query runs: what can't be written should not take an hour to say so.
  await unwritable(path, async () => {
    await refuseDirectory(path);
    await writeFile(temporary, '');
  });
  try {
    const result = await write();
    await unwritable(path, async () => {
      await flush(temporary);
      await rename(temporary, path);
    });
    return result;
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

/** An answer into a file, which is emptied first. */
export async function writeIntoFile<T>(
  path: string,
  write: (sink: AnswerSink) => Promise<T>,
): Promise<T> {
  const stream = createWriteStream(path);
  const ended = finished(stream);
  // Awaited below; until then a failure must not count as unhandled.
  ended.catch(() => undefined);
  const sink = sinkInto(stream);
  try {
    const result = await write({ write: (part) => unwritable(path, () => sink.write(part)) });
    stream.end();
    await unwritable(path, () => ended);
    return result;
  } finally {
    stream.destroy();
  }
}

/** Waits whenever the stream asks to, so that a slow reader does not fill the memory. */
function sinkInto(stream: Writable): AnswerSink {
  return {
    async write(part) {
      if (stream.errored !== null) throw stream.errored;
      if (part.length > 0 && !stream.write(part)) await once(stream, 'drain');
    },
  };
}

async function refuseDirectory(path: string): Promise<void> {
  const found = await stat(path).catch(() => null);
  if (found?.isDirectory() === true) throw new Error('it is a directory');
}

async function flush(path: string): Promise<void> {
  const file = await open(path, 'r+');
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}

async function unwritable<T>(path: string, step: () => Promise<T>): Promise<T> {
  try {
    return await step();
  } catch (error) {
    throw outputUnwritable(path, error);
  }
}

export function outputUnwritable(path: string, cause: unknown): TierdError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new TierdError({
    code: 'OUTPUT_UNWRITABLE',
    message: `The result could not be written to ${path}: ${reason}. What was there before is untouched.`,
    hint: 'Choose another --output, or make room and permission there.',
    context: { path },
    cause,
  });
}

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach } from 'vitest';
import { TierdError } from '../../src/domain/errors.ts';
import type { Problem } from '../../src/domain/problem.ts';

const directories: string[] = [];

afterEach(() => {
  for (const directory of directories.splice(0)) rmSync(directory, { recursive: true });
});

type Files = Readonly<Record<string, string | Uint8Array>>;

/** A fresh directory with these files in it, removed after the test. */
export function directoryWith(files: Files): string {
  const directory = filled(files);
  directories.push(directory);
  return directory;
}

/** As `directoryWith`, for all tests of a file. */
export function directoryForAll(files: Files): string {
  const directory = filled(files);
  afterAll(() => rmSync(directory, { recursive: true }));
  return directory;
}

function filled(files: Files): string {
  const directory = mkdtempSync(join(tmpdir(), 'tierd-config-'));
  for (const [name, content] of Object.entries(files)) {
    writeFileSync(join(directory, name), content);
  }
  return directory;
}

/** The error that `call` throws; a test that expects one fails when there is none. */
export function errorOf(call: () => unknown): TierdError {
  try {
    call();
  } catch (error) {
    if (error instanceof TierdError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}

export function problemsOf(error: TierdError): readonly Problem[] {
  return error.context['problems'] as readonly Problem[];
}

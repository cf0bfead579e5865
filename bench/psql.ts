/** psql, as the baseline of the bench. */
import { existsSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import type { ServerTree } from '../test/support/server-tree.ts';
import { runChild } from './child.ts';

/** How psql is called here: the servers' own, else that of this machine. Throws when there is none. */
export function findPsql(tree: ServerTree): readonly string[] {
  if (tree.full) return tree.command('postgres', 'TERM', [join(tree.postgresBin, 'psql')]);
  const folders = (process.env['PATH'] ?? '').split(delimiter);
  const path = folders.map((folder) => join(folder, 'psql')).find((file) => existsSync(file));
  if (path === undefined) {
    throw new Error('The bench compares with psql, which is not here: install postgresql-client.');
  }
  return [path];
}

/** Runs one statement with its output in a file. */
export async function runPsql(
  psql: readonly string[],
  url: string,
  statement: string,
  outputFile: string,
): Promise<void> {
  const output = await open(outputFile, 'w');
  try {
    const args = ['-X', '-q', '-v', 'ON_ERROR_STOP=1', '-d', url, '-c', statement];
    await runChild([...psql, ...args], { stdout: output.fd });
  } finally {
    await output.close();
  }
}

/** What pg_dump says of a database, for comparing: before and after, or with a committed schema. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { openServerTree } from './server-tree.ts';

const run = promisify(execFile);
const MAX_BYTES = 256 * 1024 * 1024;

/**
 * The dump as SQL, without the comments, versions, random keys and session settings that differ from
 * one dump to the next of an unchanged database. Only where there is the Debian tree: the suite
 * declares `describeOn('pg_dump', …)`.
 */
export async function dumpDatabase(url: string, options: readonly string[] = []): Promise<string> {
  const tree = await openServerTree();
  if (!tree.full) throw new Error(`There is no pg_dump for the tests here: ${tree.lacks}.`);
  const [program, ...args] = tree.command('postgres', 'KILL', [
    join(tree.postgresBin, 'pg_dump'),
    '--no-owner',
    '--no-privileges',
    ...options,
    url,
  ]);
  const { stdout } = await run(program ?? '', args, { cwd: '/', maxBuffer: MAX_BYTES });
  return withoutNoise(stdout);
}

/** All of the database at `from` into the empty one at `to`: `pg_dump | psql`, as people do it. */
export async function copyDatabase(from: string, to: string): Promise<void> {
  const tree = await openServerTree();
  if (!tree.full) throw new Error(`There is no pg_dump for the tests here: ${tree.lacks}.`);
  const bin = (name: string): string => join(tree.postgresBin, name);
  // The shell's own pipe; the addresses are its arguments, for they hold what it would read.
  const pipe = `${bin('pg_dump')} --no-owner "$1" | ${bin('psql')} --no-psqlrc --quiet --set ON_ERROR_STOP=1 "$2"`;
  const [program, ...args] = tree.command('postgres', 'KILL', [
    '/bin/bash',
    '-o',
    'pipefail',
    '-c',
    pipe,
    'copy',
    from,
    to,
  ]);
  await run(program ?? '', args, { cwd: '/', maxBuffer: MAX_BYTES });
}

function withoutNoise(dump: string): string {
  return dump
    .split('\n')
    .filter((line) => !/^(--|SET |\\(un)?restrict |SELECT pg_catalog\.set_config)/.test(line))
    .join('\n')
    .replaceAll(/\n{3,}/g, '\n\n')
    .trimStart();
}

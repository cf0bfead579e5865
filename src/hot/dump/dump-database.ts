/** A dump of the whole database, in pg_dump's own compressed format, and what it says. */
import { createHash } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { TierdError } from '../../domain/errors.ts';
import { pgConnection } from './pg-connection.ts';
import type { PgTool } from './pg-tools.ts';
import { printedBy, withProgram } from './run-program.ts';

/** Faster than the default, and hardly larger. */
const COMPRESSION = 4;

/**
 * `keep` gets the dump as it comes.
 *
 * @param snapshot an exported one, whose transaction lasts until this has ended
 * @throws TierdError DUMP_FAILED, and what `keep` throws
 */
export function dumpDatabase<Result>(
  { program, env: own }: PgTool,
  { url, snapshot }: { readonly url: string; readonly snapshot: string },
  signal: AbortSignal,
  keep: (dump: AsyncIterable<Uint8Array>) => Promise<Result>,
): Promise<Result> {
  const { args, env } = pgConnection(url, own);
  return withProgram(
    {
      ...{ program, env, signal },
      args: [
        '--format=custom',
        `--compress=${String(COMPRESSION)}`,
        `--snapshot=${snapshot}`,
        ...args,
      ],
    },
    keep,
  );
}

/** Their rows change with every run of a backup, and say nothing of what it is of. */
const UNTOLD = / TABLE DATA tierd (leases|backup_logs) /;

/**
 * Of the SQL that the dump becomes, which has no time of its own, without the rows of leases and of the log of backups.
 * Equal ones restore to the same.
 *
 * @param listPath of a file that is made
 * @throws TierdError DUMP_FAILED, also of a dump with no table's rows in it
 */
export async function fingerprintDump(
  { program, env }: PgTool,
  { path, listPath }: { readonly path: string; readonly listPath: string },
  signal: AbortSignal,
): Promise<string> {
  const run = { program, env, signal };
  const list = await printedBy({ ...run, args: ['--list', path] });
  const entries = list.split('\n').filter((line) => line !== '' && !line.startsWith(';'));
  if (!entries.some((entry) => entry.includes(' TABLE DATA '))) throw empty();
  const told = entries.filter((entry) => !UNTOLD.test(entry));
  await writeFile(listPath, `${told.join('\n')}\n`, { flag: 'wx', mode: 0o600 });
  // Versions that protect a restore by a random word let it be chosen.
  const help = await printedBy({ ...run, args: ['--help'] });
  const word = help.includes('--restrict-key') ? ['--restrict-key=tierd'] : [];
  return withProgram(
    { ...run, args: [...word, `--use-list=${listPath}`, '--file=-', path] },
    async (sql) => {
      const hash = createHash('sha256');
      for await (const chunk of sql) hash.update(chunk);
      return hash.digest('hex');
    },
  );
}

function empty(): TierdError {
  return new TierdError({
    code: 'DUMP_FAILED',
    message:
      'the dump holds no table’s rows, not even those of the ledger, so it was not kept; backups that were there are untouched',
    hint: 'look whether `postgres.url` names the database, and whether the role that tierd connects as sees its tables',
  });
}

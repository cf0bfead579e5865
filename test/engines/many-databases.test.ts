/** Two databases, each with a ledger and a lake of its own below one bucket, and an engine on top that reads both as one. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { expect, it } from 'vitest';
import { icebergDesk } from '../../src/cli/daemon/iceberg-desk.ts';
import { createTestDatabase } from '../support/database.ts';
import { rotateAll } from '../support/restore.ts';
import { daysAgo, makeDataset, openBench } from '../support/rotation.ts';
import { makeS3Lake } from '../support/s3-lake.ts';
import { startS3 } from '../support/s3-server.ts';
import { describeOn, servers } from '../support/servers.ts';
import { LEADING, open, QUERY, TOKENS } from '../unit/http/scene.ts';
import { bucketOf } from './asked-table.ts';

describeOn('python', 'two databases with lakes below one bucket', () => {
  it('are read as one by an engine that opens both catalogues', async () => {
    const bucket = await startS3();
    const endings: (() => unknown)[] = [() => bucket.remove()];
    try {
      const catalogues: string[] = [];
      for (const exchange of ['A', 'B']) {
        const database = await createTestDatabase();
        const lake = await makeS3Lake(bucket);
        endings.push(() => lake.destroy());
        const bench = await openBench(database, { store: lake.store });
        await database.query(
          'create table ticks (time timestamptz not null, symbol text, size bigint)',
        );
        await database.query(
          `insert into ticks select $1::timestamptz + n * interval '1 minute', $2 || n % 5, n from generate_series(1, 100) n`,
          [daysAgo(40), exchange],
        );
        await rotateAll(bench, makeDataset('ticks', { iceberg: true }));
        const { server } = open(LEADING, {
          ...TOKENS,
          iceberg: icebergDesk(() => database.connect()),
        });
        const url = await server.listen({ host: '127.0.0.1', port: 0 });
        catalogues.push(`${url}/iceberg`);
      }
      const child = spawn(servers().python ?? '', [join(import.meta.dirname, 'both.py')]);
      child.stdin.end(JSON.stringify({ catalogues, token: QUERY, s3: bucketOf(bucket) }));
      const [out, errors] = await Promise.all([text(child.stdout), text(child.stderr)]);
      expect(out, errors).toBe('{"rows": 200, "size": 10100, "symbols": 10}\n');
    } finally {
      for (const end of endings.toReversed()) await end();
    }
  });
});

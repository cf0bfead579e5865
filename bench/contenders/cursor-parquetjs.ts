/**
 * pg-cursor into parquetjs-lite, which can't sort and has no zstd: PostgreSQL sorts, and the
 * compression is snappy. It is given fewer rows, for it needs 20 times as long.
 */
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import parquet from 'parquetjs-lite';
import pg from 'pg';
import Cursor from 'pg-cursor';
import { type Archived, compete, type Job, selectSlice } from '../contender.ts';

const BATCH_ROWS = 10_000;
const TYPES: Readonly<Record<string, string>> = {
  'TIMESTAMP WITH TIME ZONE': 'TIMESTAMP_MICROS',
  VARCHAR: 'UTF8',
  DOUBLE: 'DOUBLE',
  BIGINT: 'INT64',
};

await compete(async (job) => {
  const client = new pg.Client({ connectionString: job.url });
  await client.connect();
  return { work: () => archive(job, client), close: () => client.end() };
});

async function archive(job: Job, client: pg.Client): Promise<Archived> {
  const [slice] = job.slices;
  if (slice === undefined) throw new Error('no slice');
  const fields = job.columns.map(({ name, duckdbType }) => {
    // It has no type for exact numbers of that size: text is the only way to keep them.
    const type = TYPES[duckdbType] ?? 'UTF8';
    return [name, { type, compression: 'SNAPPY' }] as const;
  });
  const file = join(job.outDir, 'slice.parquet');
  const writer = await parquet.ParquetWriter.openFile(
    new parquet.ParquetSchema(Object.fromEntries(fields)),
    file,
  );
  writer.setRowGroupSize(100_000);
  const cursor = client.query(
    new Cursor<Record<string, unknown>>(
      `${selectSlice(job, slice)} and ${job.fewRows} order by ${job.sortBy.join(', ')}`,
    ),
  );
  let rows = 0;
  for (;;) {
    const batch = await cursor.read(BATCH_ROWS);
    if (batch.length === 0) break;
    for (const row of batch) await writer.appendRow(row);
    rows += batch.length;
  }
  await writer.close();
  await cursor.close();
  return { rows, bytes: (await stat(file)).size };
}

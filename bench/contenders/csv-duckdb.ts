/**
 * What people do today: `psql \copy` to a CSV file, then DuckDB's read_csv into zstd Parquet, day by
 * day, sorted the same way. It fsyncs nothing and proves nothing.
 */
import { rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api';
import { type Archived, compete, type Job, selectSlice } from '../contender.ts';
import { runPsql } from '../psql.ts';

await compete(async (job) => {
  const instance = await DuckDBInstance.create();
  const duck = await instance.connect();
  return {
    work: () => archive(job, duck),
    close: async () => {
      duck.closeSync();
      instance.closeSync();
    },
  };
});

async function archive(job: Job, duck: DuckDBConnection): Promise<Archived> {
  const columns = job.columns.map(({ name, duckdbType }) => `'${name}': '${duckdbType}'`);
  const csv = join(job.outDir, 'slice.csv');
  let rows = 0;
  let bytes = 0;
  let copySeconds = 0;
  for (const [index, slice] of job.slices.entries()) {
    const startedAt = performance.now();
    await runPsql(
      job.psql,
      job.url,
      `\\copy (${selectSlice(job, slice)}) to stdout (format csv)`,
      csv,
    );
    copySeconds += (performance.now() - startedAt) / 1000;
    const parquet = join(job.outDir, `slice-${index}.parquet`);
    const result = await duck.runAndReadAll(`
      copy (from read_csv('${csv}', header = false, auto_detect = false, columns = {${columns.join(', ')}})
            order by ${job.sortBy.join(', ')})
      to '${parquet}' (format parquet, compression zstd)`);
    rows += Number(result.getRows()[0]?.[0]);
    bytes += (await stat(parquet)).size;
    await rm(csv);
  }
  return { rows, bytes, details: { copy_seconds: copySeconds } };
}

/** What reads Arrow in the world reads tierd's: pyarrow and polars see what CSV says. */
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { DuckDBInstance } from '@duckdb/node-api';
import { expect, it, onTestFinished } from 'vitest';
import { writeArrow } from '../../src/query/answer/arrow/arrow-format.ts';
import { rowSourceOf } from '../../src/query/answer/row-source.ts';
import { writeNdjson } from '../../src/query/answer/text-formats.ts';
import type { WriteRows } from '../../src/query/answer/write-rows.ts';
import { describeOn, servers } from '../support/servers.ts';

/** Prints each row as a line of texts. */
const READ: Readonly<Record<string, string>> = {
  pyarrow: `import sys, json, pyarrow.ipc as ipc
table = ipc.open_stream(sys.argv[1]).read_all()
table.validate(full=True)
for row in table.to_pylist(): print(json.dumps(list(row.values()), default=str))`,
  polars: `import sys, json, polars
for row in polars.read_ipc_stream(sys.argv[1]).rows(): print(json.dumps(row, default=str))`,
};

const SQL = `select i, -i::decimal(20,8) / 7 as price, i * 0.1::double as ratio, 's' || i || 'é' as symbol,
    (timestamptz '1969-12-31 23:59:59.999999+00' + to_days(i::int)) as time, date '1970-01-01' - i::int as day,
    [i, null] as list, sum(i) over (order by i) as total, i % 2 = 0 as even
  from (select case when i % 10 > 0 then i end as i from range(5000) t(i)) order by i nulls first`;

describeOn('python', 'an answer as Arrow', () => {
  it.each(Object.entries(READ).filter(isInEachRun))(
    '%s reads what JSON says',
    async (_, script) => {
      const directory = await mkdtemp(join(tmpdir(), 'tierd-arrow-'));
      onTestFinished(() => rm(directory, { recursive: true }));
      const file = join(directory, 'answer.arrow');
      await writeFile(file, await written(writeArrow));
      const python = servers().python ?? '';
      const { stdout } = await promisify(execFile)(python, ['-c', script, file], {
        maxBuffer: 2 ** 26,
      });
      const expected = String(await written(writeNdjson))
        .trimEnd()
        .split('\n');
      expect(stdout.trimEnd().split('\n').map(plain)).toEqual(expected.map((line) => plain(line)));
    },
  );
});

/** Or in the Python that was named. */
function isInEachRun([reader]: readonly [string, string]): boolean {
  return reader === 'pyarrow' || process.env['TIERD_TEST_ENGINES'] !== undefined;
}

/** Numbers as numbers, times in one spelling. */
function plain(line: string): unknown[] {
  return Object.values(JSON.parse(line) as object).map((value: unknown) => {
    if (typeof value !== 'string') return value;
    if (/^\d{4}-\d\d-\d\d[ T]/.test(value))
      return value.replace('T', ' ').replace(/(\+00:00|Z)$/, '');
    return /^-?[\d.]+(E-?\d+)?$/.test(value) ? Number(value) : value;
  });
}

async function written(write: WriteRows): Promise<Buffer> {
  const instance = await DuckDBInstance.create(':memory:');
  const connection = await instance.connect();
  await connection.run(`set TimeZone = 'UTC'`);
  const parts: Buffer[] = [];
  const source = rowSourceOf(await connection.stream(SQL), async () => undefined);
  await write(source, { write: async (part) => void parts.push(Buffer.from(part)) });
  connection.closeSync();
  instance.closeSync();
  return Buffer.concat(parts);
}

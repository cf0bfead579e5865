/**
 * The limit: the same bars, already in memory, go into the same table by an upsert. Three ways; the
 * fastest of a round counts. Reads its job from the last argument, prints one JSON object.
 */
import pg from 'pg';
import { copyIn } from '../../src/hot/copy/copy-in.ts';
import { cpuSeconds } from '../cpu.ts';
import { BAR_COLUMNS, BAR_TABLE, barAt } from './bars.ts';

export interface UpsertJob {
  readonly url: string;
  readonly rows: number;
  readonly way: 'unnest-5k' | 'copy-5k' | 'copy-50k';
}

type Bar = ReturnType<typeof barAt>;

const COLUMNS = BAR_COLUMNS.join(', ');
const NEWEST_WINS = `on conflict (symbol, time) do update set ${BAR_COLUMNS.slice(2)
  .map((name) => `${name} = excluded.${name}`)
  .join(', ')}`;

async function run({ url, rows, way }: UpsertJob): Promise<void> {
  const bars = Array.from({ length: rows }, (_, index) => barAt(index));
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  const size = way === 'copy-50k' ? 50_000 : 5_000;
  const cpuBefore = cpuSeconds('self');
  const startedAt = performance.now();
  for (let from = 0; from < rows; from += size) {
    const batch = bars.slice(from, from + size);
    if (way === 'unnest-5k') await insertArrays(client, batch);
    else await copyAndInsert(client, batch);
  }
  const seconds = (performance.now() - startedAt) / 1000;
  const used = cpuSeconds('self') - cpuBefore;
  await client.end();
  process.stdout.write(JSON.stringify({ rows, seconds, cpuSeconds: used, bytes: 0 }));
}

async function insertArrays(client: pg.Client, batch: readonly Bar[]): Promise<void> {
  const types = ['float8', 'text', 'float8', 'float8', 'float8', 'float8', 'int8'];
  const arrays = types.map((type, index) => `$${String(index + 1)}::${type}[]`).join(', ');
  await client.query(
    `insert into ${BAR_TABLE} (${COLUMNS})
     select to_timestamp(t / 1000), s, o, h, l, c, v
     from unnest(${arrays}) as bars (t, s, o, h, l, c, v) ${NEWEST_WINS}`,
    types.map((_, column) => batch.map((bar) => bar[column])),
  );
}

async function copyAndInsert(client: pg.Client, batch: readonly Bar[]): Promise<void> {
  await client.query(
    `begin; create temp table staged on commit drop as select ${COLUMNS} from ${BAR_TABLE} with no data`,
  );
  await copyIn(client, `copy staged (${COLUMNS}) from stdin (format binary)`, [
    encodeBinary(batch),
  ]);
  await client.query(
    `insert into ${BAR_TABLE} (${COLUMNS}) select ${COLUMNS} from staged ${NEWEST_WINS}`,
  );
  await client.query('commit');
}

/** PostgreSQL counts microseconds from 2000. */
const EPOCH_MS = Date.UTC(2000, 0, 1);
const SIGNATURE = Buffer.from('PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0', 'latin1');
/** Seven lengths of four bytes, six values of eight, and a symbol of six. */
const ROW_BYTES = 2 + 7 * 4 + 6 * 8 + 6;

function encodeBinary(batch: readonly Bar[]): Buffer {
  const bytes = Buffer.allocUnsafe(SIGNATURE.length + batch.length * ROW_BYTES + 2);
  let at = SIGNATURE.copy(bytes);
  for (const [time, symbol, ...numbers] of batch) {
    at = bytes.writeInt16BE(7, at);
    at = bytes.writeInt32BE(8, at);
    at = bytes.writeBigInt64BE(BigInt(time - EPOCH_MS) * 1000n, at);
    at = bytes.writeInt32BE(symbol.length, at);
    at += bytes.write(symbol, at, 'latin1');
    for (let index = 0; index < 4; index += 1) {
      at = bytes.writeInt32BE(8, at);
      at = bytes.writeDoubleBE(numbers[index] ?? 0, at);
    }
    at = bytes.writeInt32BE(8, at);
    at = bytes.writeBigInt64BE(BigInt(numbers[4]), at);
  }
  at = bytes.writeInt16BE(-1, at);
  return bytes.subarray(0, at);
}

await run(JSON.parse(process.argv.at(-1) ?? '') as UpsertJob);

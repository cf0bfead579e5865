/**
 * What a first version does: one HGETALL and one INSERT for each key, one after the other. Reads its
 * job from the last argument, prints one JSON object.
 */
import { Redis } from 'ioredis';
import pg from 'pg';
import { cpuSeconds } from '../cpu.ts';
import { BAR_COLUMNS, BAR_TABLE } from './bars.ts';

export interface NaiveJob {
  readonly url: string;
  readonly redisUrl: string;
  readonly rows: number;
}

const INSERT = `insert into ${BAR_TABLE} (${BAR_COLUMNS.join(', ')})
  values (to_timestamp($1::float8 / 1000), $2, $3, $4, $5, $6, $7)
  on conflict (symbol, time) do update set ${BAR_COLUMNS.slice(2)
    .map((name) => `${name} = excluded.${name}`)
    .join(', ')}`;

async function run({ url, redisUrl, rows }: NaiveJob): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  const redis = new Redis(redisUrl);
  await client.connect();
  await redis.ping();
  const cpuBefore = cpuSeconds('self');
  const startedAt = performance.now();
  for (let index = 0; index < rows; index += 1) {
    const bar = await redis.hgetall(`bar:${String(index)}`);
    await client.query(
      INSERT,
      BAR_COLUMNS.map((name) => bar[name]),
    );
  }
  const seconds = (performance.now() - startedAt) / 1000;
  const used = cpuSeconds('self') - cpuBefore;
  await client.end();
  redis.disconnect();
  process.stdout.write(JSON.stringify({ rows, seconds, cpuSeconds: used, bytes: 0 }));
}

await run(JSON.parse(process.argv.at(-1) ?? '') as NaiveJob);

/** How long a query thinks before it reads, when the lake has very many segments. */
import { readFile, writeFile } from 'node:fs/promises';
import { runChild } from '../child.ts';
import { spreadOf } from '../figures.ts';
import { type MemoryWatch, watchMemory } from '../memory.ts';
import { askTierd } from './ask.ts';
import { PROGRAM, type QueryScene } from './scene.ts';

export interface Pruning {
  /** Plan and prune for one symbol and one day, with so many segments of the dataset: the median. */
  readonly ms: number;
  /** Of the process that queries run in, engine and all, as `tierd query` starts it. */
  readonly peakRssMb: number;
}

const ROUNDS = 5;
const MEBIBYTE = 1024 ** 2;

export async function measurePruning(scene: QueryScene, segments: number): Promise<Pruning> {
  await pretend(scene, segments);
  // Configured, or its time would rule nothing out.
  const many = scene.datasets.map((dataset) => ({ ...dataset, name: 'many' }));
  const asked = { ...scene, datasets: [...scene.datasets, ...many] };
  const sql =
    "select max(close) from cold.many where symbol = 'S00007' and time >= '2001-03-01' and time < '2001-03-02'";
  const times: number[] = [];
  for (let turn = 0; turn <= ROUNDS; turn += 1) {
    const { ms, summary } = await askTierd(asked, sql, true);
    const [plan] = summary.plan ?? [];
    if (plan?.cold?.live !== segments)
      throw new Error('the ledger has not as many segments as it was given');
    if (turn > 0) times.push(ms);
  }
  return { ms: spreadOf(times, 1).median, peakRssMb: await peakOfCommand(scene, sql) };
}

async function peakOfCommand({ configFile }: QueryScene, sql: string): Promise<number> {
  const config = `${configFile}.many.yaml`;
  const more = 'datasets:\n  many: { table: public.many, time_column: time, hot_days: 30 }\n';
  await writeFile(config, (await readFile(configFile, 'utf8')).replace('datasets:\n', more));
  let watch: MemoryWatch | undefined;
  await runChild([process.execPath, PROGRAM, '--config', config, 'query', '--explain', sql], {
    onStart: (pid) => {
      watch = watchMemory(pid, 'started');
    },
  });
  return Math.round((watch?.stop() ?? Number.NaN) / MEBIBYTE);
}

/** Entries of segments that are nowhere: an hour each, like one that is there. */
async function pretend({ client }: QueryScene, segments: number): Promise<void> {
  await client.query(
    `insert into tierd.slices (move_id, dataset, range_from, range_to, generation, row_count, fingerprint, columns, published_at)
     select s.move_id, 'many', '2000-01-01'::timestamptz + n * interval '1 hour', '2000-01-01'::timestamptz + (n + 1) * interval '1 hour',
            1, s.row_count, s.fingerprint, s.columns, s.published_at
     from (select * from tierd.slices order by id limit 1) s, generate_series(0, $1::int - 1) n`,
    [segments],
  );
  await client.query(
    `insert into tierd.segments (slice_id, schema_id, dataset, object_key, state, bytes, sha256, row_count, min_time_us, max_time_us, statistics, published_at)
     select s.id, s.schema_id, 'many', 'many/' || s.id || '.parquet', 'live', g.bytes, g.sha256, g.row_count,
            (extract(epoch from s.range_from) * 1e6)::bigint, (extract(epoch from s.range_to) * 1e6)::bigint - 1,
            g.statistics || jsonb_build_object('time', jsonb_build_object('min', first.text, 'max', first.text)), g.published_at
     from tierd.slices s, (select * from tierd.segments where dataset = 'bars' order by id limit 1) g,
          lateral to_char(s.range_from at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS"+00"') as first (text)
     where s.dataset = 'many'`,
  );
  await client.query('analyze tierd.slices, tierd.segments');
}

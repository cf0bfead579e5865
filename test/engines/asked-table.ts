/** The same questions to PostgreSQL and to engines that read the Iceberg table `ticks`. */
import type pg from 'pg';
import { icebergDesk } from '../../src/cli/daemon/iceberg-desk.ts';
import type { TestDatabase } from '../support/database.ts';
import type { S3Server } from '../support/s3-server.ts';
import { servers } from '../support/servers.ts';
import { LEADING, open, QUERY, TOKENS } from '../unit/http/scene.ts';
import { type Answers, type Engine, type Order, openEngine, type Question } from './engine.ts';

/** Each by the REST catalogue as well, where it can; chdb is given the folder. */
const EACH_RUN = 'pyiceberg,pyiceberg rest,duckdb,duckdb rest';
const ALL = `${EACH_RUN},polars,polars rest,daft,daft rest,chdb`;
export const ENGINES: readonly string[] = (
  process.env['TIERD_TEST_ENGINES_ONLY'] ??
  (process.env['TIERD_TEST_ENGINES'] === undefined ? EACH_RUN : ALL)
).split(',');

export interface AskedTable {
  /** @param named an engine, and ` rest` where it finds the table by the daemon's catalogue */
  ask(named: string, questions: readonly Question[], travelTo?: number | null): Promise<Answers>;
  end(): Promise<void>;
}

export function openAskedTable(
  database: TestDatabase,
  folder: string,
  s3: S3Server | null = null,
): AskedTable {
  const engines = new Map<string, Engine>();
  /** Of the server that is asked: an engine may keep to the one that it was given first. */
  let port = 0;

  /** The daemon's catalogue. */
  async function serve(): Promise<string> {
    const iceberg = icebergDesk(() => database.connect());
    const { server } = open(LEADING, { ...TOKENS, iceberg });
    const url = await server.listen({ host: '127.0.0.1', port });
    port = Number(new URL(url).port);
    return `${url}/iceberg`;
  }

  return {
    ask: async (named, questions, travelTo = null) => {
      const [engine = '', by] = named.split(' ');
      const opened = engines.get(named) ?? openEngine(servers().python ?? '');
      engines.set(named, opened);
      const { rows } = await database.query(
        `select metadata_location as metadata from tierd.iceberg_tables where table_name = 'ticks'`,
      );
      return opened.ask({
        engine,
        rest: by === 'rest' ? await serve() : null,
        token: QUERY,
        database: database.url,
        table: 'ticks',
        metadata: (rows[0] as { metadata: string }).metadata,
        folder,
        s3: s3 === null ? null : bucketOf(s3),
        snapshot: travelTo,
        questions,
      });
    },
    end: async () => {
      for (const engine of engines.values()) await engine.end();
    },
  };
}

export const bucketOf = ({
  url,
  region,
  accessKeyId,
  secretAccessKey,
}: S3Server): NonNullable<Order['s3']> => ({
  url,
  region,
  key: accessKeyId,
  secret: secretAccessKey,
});

/** @param from a table that has the rows which the engines see */
export async function askPostgres(
  client: pg.Client,
  from: string,
  questions: readonly Question[],
): Promise<Answers> {
  const found: Record<string, Answers[string]> = {};
  for (const { name, filter } of questions) {
    const { rows } = await client.query<Answers[string]>(
      `select count(*)::int as rows, trim_scale(sum(price))::text as price, sum(size)::float8 as size,
              (extract(epoch from min(time)) * 1000000)::float8 as first,
              (extract(epoch from max(time)) * 1000000)::float8 as last
       from ${from} ${filter === null ? '' : `where ${asPostgres(filter)}`}`,
    );
    if (rows[0] !== undefined) found[name] = rows[0];
  }
  return found;
}

function asPostgres(filter: string): string {
  return filter.replaceAll(/\{([^}]*)\}/g, "timestamptz '$1+00'");
}

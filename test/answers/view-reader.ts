/** Asks the views that `tierd attach` makes, over a connection to PostgreSQL that is made anew where it broke. */
import pg from 'pg';

const SURFACES = 5;

export class ViewReader {
  readonly #pool: pg.Pool;

  /** @param each so many of each surface ask at once */
  constructor(url: string, each: number) {
    this.#pool = new pg.Pool({
      connectionString: url,
      options: '-c search_path=attached,public',
      max: SURFACES * each,
    });
    this.#pool.on('error', () => undefined);
  }

  /** @throws what the question fails with */
  async ask(sql: string): Promise<readonly pg.QueryResultRow[]> {
    return this.#on(async (client) => (await client.query<pg.QueryResultRow>(sql)).rows);
  }

  /** By a cursor, which takes its snapshot before it locks what the view reads. */
  async askByCursor(sql: string): Promise<readonly pg.QueryResultRow[]> {
    return this.#on(async (client) => {
      await client.query(`begin; declare asked cursor for ${sql}`);
      const rows: pg.QueryResultRow[] = [];
      for (;;) {
        const part = await client.query<pg.QueryResultRow>('fetch 100 from asked');
        rows.push(...part.rows);
        if (part.rows.length < 100) break;
      }
      await client.query('commit');
      return rows;
    });
  }

  /** In a transaction that has its snapshot since before the table was locked. */
  async askLater(sql: string, waitMs: number): Promise<readonly pg.QueryResultRow[]> {
    return this.#on(async (client) => {
      await client.query('begin isolation level repeatable read; select 1');
      await client.query(`select pg_sleep(${String(waitMs / 1000)})`);
      const { rows } = await client.query<pg.QueryResultRow>(sql);
      await client.query('commit');
      return rows;
    });
  }

  end(): Promise<void> {
    return this.#pool.end();
  }

  async #on<T>(work: (client: pg.PoolClient) => Promise<T>): Promise<T> {
    const client = await this.#pool.connect();
    try {
      const found = await work(client);
      client.release();
      return found;
    } catch (error) {
      client.release(true);
      throw error;
    }
  }
}

/** What the demo itself works with, beside the tierd it shows. */
import type { DuckDBConnection } from '@duckdb/node-api';
import type pg from 'pg';

export interface Stores {
  readonly client: pg.Client;
  /** With a database file of its own: it holds the rows that the demo keeps aside. */
  readonly duck: DuckDBConnection;
  /** A folder that both the server's user and we can write to. */
  readonly exchange: string;
  /** A path in it as the server sees it, which may be in a tree of its own. */
  readonly inside: (path: string) => string;
  readonly lakeDir: string;
}

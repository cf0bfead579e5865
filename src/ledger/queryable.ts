import type pg from 'pg';

/** What a statement of the ledger needs: a client, inside a transaction of the caller's or not. */
export interface Queryable {
  query<Row extends pg.QueryResultRow>(
    sql: string,
    values?: readonly unknown[],
  ): Promise<pg.QueryResult<Row>>;
}

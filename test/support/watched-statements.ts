/** What a connection is asked, and how many rows each statement gave. */
import type pg from 'pg';

export interface WatchedStatement {
  readonly text: string;
  /** Undefined while it is under way, and for COPY. */
  rows: number | undefined;
}

/** @returns grows with each statement that `db` is asked from now on */
export function watchStatements(db: pg.Client): readonly WatchedStatement[] {
  const seen: WatchedStatement[] = [];
  const query = db.query.bind(db) as (...given: unknown[]) => unknown;
  db.query = ((...given: unknown[]) => {
    const [asked] = given;
    const statement: WatchedStatement = {
      text: typeof asked === 'string' ? asked : 'COPY',
      rows: undefined,
    };
    seen.push(statement);
    const answer = query(...given);
    if (answer instanceof Promise) {
      const note = (found: pg.QueryResult | readonly pg.QueryResult[]): void => {
        const results = 'rows' in found ? [found] : found;
        statement.rows = results.reduce((sum, { rows }) => sum + rows.length, 0);
      };
      // Its failure is told to whoever asked.
      answer.then(note, () => undefined);
    }
    return answer;
  }) as typeof db.query;
  return seen;
}

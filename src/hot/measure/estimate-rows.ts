/** How many rows PostgreSQL's planner thinks that a SELECT has. It runs nothing of it. */
import type { ClientBase } from 'pg';

interface Explained {
  readonly 'QUERY PLAN': readonly [{ readonly Plan: { readonly 'Plan Rows': number } }];
}

/** @param select one statement of ours, its values in its text */
export async function estimateRows(db: Pick<ClientBase, 'query'>, select: string): Promise<number> {
  const { rows } = await db.query<Explained>(`explain (format json) ${select}`);
  return rows[0]?.['QUERY PLAN'][0].Plan['Plan Rows'] ?? 0;
}

import { type Queryable, runOne, sql } from '../sql.ts';

export interface Sight {
  readonly role: string;
  /** Whether it sees what sessions, statements and standbys of other roles do: a member of pg_monitor does. */
  readonly seesAll: boolean;
}

export function readSight(db: Queryable): Promise<Sight> {
  return runOne<Sight>(
    db,
    sql`select current_user::text as role, pg_has_role('pg_read_all_stats', 'usage') as "seesAll"`,
  );
}

import type { PreparedTransaction } from '../../domain/inspect/prepared.ts';
import { type Queryable, run, sql } from '../sql.ts';

const MOST = 50;

/** Of all databases, the oldest first. */
export function readPrepared(db: Queryable): Promise<readonly PreparedTransaction[]> {
  return run<PreparedTransaction>(
    db,
    sql`select gid, owner::text as owner, database::text as database,
               extract(epoch from clock_timestamp() - prepared)::float8 as seconds,
               database = current_database() as "isHere"
        from pg_prepared_xacts order by prepared limit ${MOST}`,
  );
}

/**
 * The end of a transaction that deletes rows which the lake has from now on. Who reads a hypertable in place has locked its foreign
 * chunk, whatever time he asks for: he reads hot rows as before the deletion, and is waited for. Who comes later waits for us, and
 * takes his snapshot then (I2). What was locked in another order is refused by the face.
 */
import type pg from 'pg';
import type { TableRef } from '../../domain/table.ts';
import { inShortAttempts, isWaitedFor, type Patience } from '../locks.ts';
import { raw, run, sql, tableName } from '../sql.ts';

/** @throws TierdError LOCK_TIMEOUT where they read for longer: nothing was deleted */
export async function keepReadersOut(
  client: pg.ClientBase,
  dataset: string,
  patience: Patience,
): Promise<void> {
  const [chunk] = await run<TableRef>(
    client,
    sql`select n.nspname as schema, c.relname as name
        from tierd.in_place p join pg_class c on c.oid = tierd.chunk_in_place(p.dataset) join pg_namespace n on n.oid = c.relnamespace
        where p.dataset = ${dataset}`,
  );
  if (chunk === undefined) return;
  const waitedFor = (): Promise<boolean> => isWaitedFor(client);
  await inShortAttempts(
    client,
    // Whoever waits for a row that is deleted here may have locked the chunk.
    { ...patience, tables: [chunk], waitedFor, whenWaitedFor: 'give way' },
    async () => {
      // LOCK takes no foreign table. This alters nothing, and takes access exclusive.
      await run(
        client,
        sql`alter foreign table ${tableName(chunk)} drop constraint if exists ${raw('tierd_nothing')}`,
      );
    },
  );
}

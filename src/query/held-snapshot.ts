/**
 * A snapshot that outlives one question: its connection holds access share on the tables, as each reader does (I2), and has
 * exported what it sees. Questions that are told its name see the ledger and the rows of that one instant (I11).
 */
import type pg from 'pg';
import { formatTable, type TableRef } from '../domain/table.ts';
import { lockForReading } from '../hot/read-lock.ts';
import { disconnect } from '../hot/server/connect.ts';
import { findExisting } from '../hot/table/introspect.ts';
import { inTransaction } from '../hot/transaction.ts';

export interface HeldSnapshot {
  /** What `set transaction snapshot` takes. */
  readonly name: string;
  /** Aborted when it is held no longer: who drops a chunk waits for it no more. */
  readonly ended: AbortSignal;
  /** Never rejects. */
  release(): Promise<void>;
}

/**
 * @param db is closed with it
 * @param maxHoldMs so long it is held at the most
 * @throws TierdError what locking throws; on a standby POSTGRES_FAILED, for none can be exported there
 */
export async function holdSnapshot(
  db: pg.Client,
  tables: readonly TableRef[],
  maxHoldMs: number,
): Promise<HeldSnapshot> {
  const ended = new AbortController();
  const released = new Promise<void>((resolve) => {
    ended.signal.addEventListener('abort', () => resolve(), { once: true });
  });
  const impatience = setTimeout(() => ended.abort(), maxHoldMs).unref();
  db.once('end', () => ended.abort());
  let holding: Promise<void> = Promise.resolve();
  const close = async (): Promise<void> => {
    clearTimeout(impatience);
    ended.abort();
    // Nothing was written: however it ends, nothing is lost.
    await holding.catch(() => undefined);
    await disconnect(db);
  };
  try {
    const existing = await findExisting(db, tables);
    const read = tables.filter((table) => existing.has(formatTable(table)));
    const name = await new Promise<string>((resolve, reject) => {
      const options = {
        doing: 'holding a snapshot',
        isolation: 'repeatable read',
        readOnly: true,
        limits: { idleTimeoutMs: 2 * maxHoldMs },
      } as const;
      holding = inTransaction(db, options, async () => {
        await lockForReading(db, read);
        const { rows } = await db.query<{ name: string }>('select pg_export_snapshot() as name');
        resolve(rows[0]?.name ?? '');
        await released;
      });
      holding.then(() => void close(), reject);
    });
    return { name, ended: ended.signal, release: close };
  } catch (error) {
    await close();
    throw error;
  }
}

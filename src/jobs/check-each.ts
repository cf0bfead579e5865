import type pg from 'pg';
import type { Check } from '../domain/check.ts';
import type { Dataset } from '../domain/dataset.ts';
import { isPostgresError } from '../hot/postgres-error.ts';
import { disconnect } from '../hot/server/connect.ts';
import type { LookingRooms } from './rotation/rooms.ts';

/** What the doctor finds in the ledger of one dataset after the other. @param look null where all is well */
export async function checkEach(
  rooms: Pick<LookingRooms, 'connect'>,
  datasets: readonly Dataset[],
  look: (db: pg.Client, name: string) => Promise<Check | null>,
): Promise<readonly Check[]> {
  const checks: Check[] = [];
  const db = await rooms.connect('work');
  try {
    for (const { name } of datasets) {
      const check = await look(db, name);
      if (check !== null) checks.push(check);
    }
  } catch (error) {
    // A ledger whose segments can't be read is told by its own check.
    if (!isPostgresError(error)) throw error;
  } finally {
    await disconnect(db);
  }
  return checks;
}

/** The catalogue of Iceberg tables out of the ledger: each question on a connection of its own, as of its instant. */
import type pg from 'pg';
import { withClient } from '../../hot/server/connect.ts';
import type { CataloguedTable, IcebergDesk } from '../../http/iceberg/iceberg-desk.ts';
import { listIcebergTables, readIcebergTable } from '../../ledger/iceberg.ts';

export function icebergDesk(open: () => Promise<pg.Client>): IcebergDesk {
  return {
    listTables: () => withClient(open, listIcebergTables),
    readTable: (name) =>
      withClient(open, async (db) => {
        const table = await readIcebergTable(db, name);
        if (table === null) return null;
        const { location, document } = table;
        return { location, metadata: document as CataloguedTable['metadata'] };
      }),
  };
}

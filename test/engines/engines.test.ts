/**
 * Other engines read tierd's Iceberg tables as PostgreSQL had the rows before they moved, through all that happens to a
 * table. Each run asks those of `requirements.txt`; where TIERD_TEST_ENGINES names a Python that has the others too,
 * all of them: docs/iceberg.md says which and how.
 */
import { join } from 'node:path';
import { openBench } from '../support/rotation.ts';
import { describeOn } from '../support/servers.ts';
import { describeAllThatHappens } from './all-that-happens.ts';
import { openAskedTable } from './asked-table.ts';

describeOn('python', 'an Iceberg table in other engines', () => {
  describeAllThatHappens(async (database, atEnd) => {
    const bench = await openBench(database, {}, atEnd);
    return { bench, table: openAskedTable(database, join(bench.lake, '_iceberg/ticks')) };
  });
});

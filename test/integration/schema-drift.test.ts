/** `npm run schema:write` writes migrations/schema.sql anew; a reviewer reads the difference. */
import { expect, it } from 'vitest';
import { migrate } from '../../src/ledger/migrate.ts';
import { createTestDatabase } from '../support/database.ts';
import { dumpDatabase } from '../support/dump.ts';
import { describeOn } from '../support/servers.ts';

describeOn('pg_dump', 'the schema tierd', () => {
  it('is after all migrations what migrations/schema.sql says', async () => {
    const database = await createTestDatabase();
    await migrate(await database.connect());
    const dump = await dumpDatabase(database.url, ['--schema-only', '--schema=tierd']);
    await expect(dump).toMatchFileSnapshot('../../migrations/schema.sql');
  });
});

/** Each fragment on the real PostgreSQL and, translated, on DuckDB: equal to the last character, or refused by name. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type BothEngines, openBothEngines } from '../../support/both-engines.ts';
import { createTestDatabase } from '../../support/database.ts';
import { EQUAL, REFUSED, TABLES } from '../../support/fragments-of-sql.ts';
import { servers } from '../../support/servers.ts';

let both: BothEngines;
const ofTimescale = /\b(first|last)\(|time_bucket/;
const hasTimescale = servers().timescale;

beforeAll(async () => {
  both = await openBothEngines(await createTestDatabase({ timescale: hasTimescale }), TABLES);
});

afterAll(() => {
  both.close();
});

describe('SQL of PostgreSQL', () => {
  test.each(EQUAL)('%s', async (fragment) => {
    if (ofTimescale.test(fragment) && !hasTimescale) return;
    const sql = `select ${fragment}`;
    const [ours, theirs] = [await both.ofDuckdb(sql), await both.ofPostgres(sql)];
    if ('error' in theirs) {
      expect(ours, JSON.stringify(ours)).toMatchObject({ error: theirs.error });
      return;
    }
    expect(ours, JSON.stringify(ours).slice(0, 3000)).toMatchObject({
      columns: theirs.columns,
      rows: theirs.rows,
    });
  });

  test.each(REFUSED)('%s is refused', async (fragment, sqlstate) => {
    const ours = await both.ofDuckdb(`select ${fragment}`);
    expect(ours).toMatchObject({ error: sqlstate, isRefused: true });
  });
});

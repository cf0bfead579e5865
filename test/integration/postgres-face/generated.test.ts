/** Statements that nobody wrote: the same answer as PostgreSQL's, or a refusal, never another answer. */
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Answer, type BothEngines, openBothEngines } from '../../support/both-engines.ts';
import { createTestDatabase } from '../../support/database.ts';
import { TABLES } from '../../support/fragments-of-sql.ts';
import { statements, withParameter } from '../../support/generated-sql.ts';

const RUNS = Number(process.env['TIERD_TEST_QUERIES'] ?? 600);
/** The same each time, as long as one seed in fifteen still finds a statement that is answered otherwise: `TIERD_TEST_SEED` tries others. */
const SEED = Number(process.env['TIERD_TEST_SEED'] ?? 11);

const engines = new Map<string, BothEngines>();
const tally = { equal: 0, bothFailed: 0, refused: 0, onlyOursFailed: 0, onlyTheirsFailed: 0 };

beforeAll(async () => {
  for (const zone of ['UTC', 'America/New_York']) {
    engines.set(zone, await openBothEngines(await createTestDatabase(), TABLES, zone));
  }
});

afterAll(() => {
  for (const both of engines.values()) both.close();
});

async function compare(zone: string, sql: string, values?: readonly string[]): Promise<void> {
  const both = engines.get(zone);
  if (both === undefined) throw new Error(`nobody is in ${zone}`);
  const ours = await both.ofDuckdb(sql, values);
  if ('error' in ours && ours.isRefused === true) {
    tally.refused += 1;
    return;
  }
  const theirs = await both.ofPostgres(sql, values);
  if ('error' in ours) {
    // While it runs: an error of PostgreSQL's own, which may need another order of conditions to come about, or one that says what isn't held here.
    expect(ours.error, `${sql}\n${ours.message}`).toMatch(/^(0A000|22...)$/);
    if ('error' in theirs) tally.bothFailed += 1;
    else tally.onlyOursFailed += 1;
    return;
  }
  if ('error' in theirs) {
    // PostgreSQL works out constants before it looks at rows: 1 / 0 fails where no row asks for it. Errors of rows are among the fragments.
    expect(theirs.error, sql).toMatch(/^(22|0A000)/);
    tally.onlyTheirsFailed += 1;
    return;
  }
  expect(plain(ours), sql).toEqual(plain(theirs));
  tally.equal += 1;
}

function plain(answer: Answer): unknown {
  return 'error' in answer
    ? { error: answer.error, message: answer.message }
    : { columns: answer.columns, rows: answer.rows };
}

describe(`generated statements (seed ${String(SEED)})`, () => {
  test.each([
    ['UTC', RUNS],
    ['America/New_York', Math.ceil(RUNS / 3)],
  ])(
    'answer what PostgreSQL answers, or are refused, in the zone %s',
    async (zone, runs) => {
      await fc.assert(
        fc.asyncProperty(statements, (sql) => compare(zone, sql)),
        { numRuns: runs, seed: SEED },
      );
      expect(tally.equal, JSON.stringify(tally)).toBeGreaterThan(runs / 2);
      expect(tally.onlyOursFailed).toBeLessThan(RUNS / 10 + 5);
      expect(tally.onlyTheirsFailed).toBeLessThan(RUNS / 10 + 5);
    },
    600_000,
  );

  test.each(['UTC', 'America/New_York'])(
    'with a parameter too, in the zone %s',
    async (zone) => {
      await fc.assert(
        fc.asyncProperty(withParameter, ([condition, value]) =>
          compare(zone, `select id from types_t where ${condition} order by id`, [value]),
        ),
        { numRuns: 100, seed: SEED },
      );
    },
    600_000,
  );
});

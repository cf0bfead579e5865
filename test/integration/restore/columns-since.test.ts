/** Restores into a table whose columns are others by now. */
import { describe, expect, it } from 'vitest';
import { beforeEachColdDays, type ColdDays, ROWS_A_DAY } from '../../support/cold-days.ts';
import { days, restore } from '../../support/restore.ts';

let database: ColdDays['database'];
let bench: ColdDays['bench'];
let coldTable: ColdDays['coldTable'];
let count: ColdDays['count'];
let states: ColdDays['states'];

beforeEachColdDays((cold) => {
  ({ database, bench, coldTable, count, states } = cold);
});

describe('restore, where the columns have changed since (I13)', () => {
  it('gives a younger column its default, and puts a renamed one where it is now', async () => {
    const dataset = await coldTable('bars');
    await database.query(
      `alter table bars rename symbol to ticker; alter table bars add source text not null default 'feed'`,
    );
    const renamed = { ...dataset, sortBy: [] };
    const { plan, totals } = await restore(bench, renamed, days(40, 37));
    expect(totals.failed).toEqual([]);
    expect(plan.notes.join('\n')).toContain('get their default: source');
    const wrong = await count(
      'bars b join bars_before o using (id)',
      `b.ticker is distinct from o.symbol or b.source <> 'feed'`,
    );
    expect(wrong).toBe(0);
    expect(await count('bars', 'id >= 38000')).toBe(3 * ROWS_A_DAY);
  });

  it('refuses a younger column that takes no row without it', async () => {
    const dataset = await coldTable('bars');
    await database.query('delete from bars; alter table bars add source text not null');
    const { totals } = await restore(bench, dataset, days(40, 39));
    expect(totals.failed[0]?.error.message).toContain('column source (text) is not in the lake');
  });

  it('refuses a dropped column that has values, and one that was added again under its name', async () => {
    const dataset = await coldTable('bars');
    await database.query('alter table bars drop note; alter table bars add note text[]');
    const { totals } = await restore(bench, dataset, days(40, 39));
    expect(totals.failed[0]?.error.message).toContain(
      'column note (text[]) has 50 values in the lake',
    );
    expect(await states('bars')).toEqual(['live', 'live', 'live']);
  });

  it('leaves out a dropped column of nothing but nulls', async () => {
    const dataset = await coldTable(
      'bars',
      'time timestamptz not null, symbol text, id bigint not null, price numeric(20,8), note text[], empty interval',
    );
    await database.query('alter table bars drop empty');
    const { totals, plan } = await restore(bench, dataset, days(40, 39));
    expect(totals.failed).toEqual([]);
    expect(plan.notes.join('\n')).toContain('nothing but nulls: empty');
    expect(await count('bars', 'id >= 40000')).toBe(ROWS_A_DAY);
  });

  it('says of no column that it holds nothing but nulls where it is refused for its values', async () => {
    const dataset = await coldTable('bars');
    await database.query('alter table bars drop column price');
    const { plan, totals } = await restore(bench, dataset, days(40, 39));
    expect(totals.failed[0]?.error.message).toMatch(/column price .* values in the lake/);
    expect(plan.notes.join('\n')).not.toContain('price');
  });

  it('refuses a column whose type is another by now', async () => {
    const dataset = await coldTable('bars');
    await database.query('alter table bars alter price type numeric(30,10)');
    const { totals } = await restore(bench, dataset, days(40, 39));
    expect(totals.failed[0]?.error.message).toContain('column price is numeric(20,8) in the lake');
  });

  it('refuses labels of an enum that have exchanged their names, and says what they were', async () => {
    await database.query("drop type if exists side; create type side as enum ('buy', 'sell')");
    const dataset = await coldTable(
      'bars',
      "time timestamptz not null, symbol text, id bigint not null, price numeric(20,8), note text[], kind side default 'buy'",
    );
    const exchange = `alter type side rename value 'buy' to 'was'; alter type side rename value 'sell' to 'buy';
      alter type side rename value 'was' to 'sell'`;
    await database.query(exchange);
    const { totals } = await restore(bench, dataset, days(40, 39));
    expect(totals.failed[0]?.error.message).toContain(
      "'buy' in the column kind was the label that is 'sell' today when rows were moved",
    );
    expect(await states('bars')).toEqual(['live', 'live', 'live']);
    await database.query(exchange);
    const again = await restore(bench, dataset, days(40, 39));
    expect(again.totals.failed).toEqual([]);
    expect(await count('bars', "id >= 40000 and kind = 'buy'")).toBe(ROWS_A_DAY);
  });
});

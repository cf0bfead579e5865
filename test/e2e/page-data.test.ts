/** The page's *Data* in a real Chromium, on a real daemon: bars over hot and cold. */
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest';
import { DESKTOP, openPage, PHONE, violationsOn, type WatchedPage } from '../support/browser.ts';
import { createTestDatabase } from '../support/database.ts';
import {
  endHttpDaemon,
  type HttpDaemon,
  startHttpDaemon,
  TOKENS,
  WITH_TOKENS,
} from '../support/http-daemon.ts';
import { chromiumOfSuite } from '../support/page-in-chromium.ts';
import { describeOn } from '../support/servers.ts';

describeOn('chromium', 'looking at data on the page', () => {
  const browser = chromiumOfSuite();
  let daemon: HttpDaemon;

  beforeAll(async () => {
    const database = await createTestDatabase();
    // An hour a bar, for forty days: ten of them are due.
    await database.query(
      `create table candles (symbol text, ts timestamptz, open numeric(20,8), high numeric(20,8), low numeric(20,8),
                             close numeric(20,8), volume bigint, primary key (symbol, ts))`,
    );
    await database.query(
      `insert into candles
       select symbol, date_trunc('day', now(), 'UTC') - interval '960 hours' + n * interval '1 hour',
              base + n, base + n + 3, base + n - 2, base + n + 1, n
       from (values ('AAA', 100), ('B&B', 9000)) as symbols(symbol, base), generate_series(0, 959) as n`,
    );
    await database.query('create table words (ts timestamptz not null, word text)');
    daemon = await startHttpDaemon(database, {
      datasets: '  candles: { time_column: ts }\n  words: { time_column: ts }\n',
      sections: `schedules: { rotate: { cron: "0 0 29 2 *" } }\n${WITH_TOKENS}  survey_interval: 1s\n`,
    });
  });

  afterAll(() => endHttpDaemon(daemon));

  async function open(
    view: string,
    options: Parameters<typeof openPage>[2] = {},
  ): Promise<WatchedPage> {
    const watched = await openPage(browser(), `${daemon.origin}/#/${view}`, options);
    onTestFinished(() => watched.page.context().close());
    const { page } = watched;
    await page.getByLabel('Token', { exact: true }).fill(TOKENS.status);
    await page.keyboard.press('Enter');
    return watched;
  }

  async function unlock(page: Page): Promise<void> {
    await page.getByRole('button', { name: 'Enter the query token' }).click();
    await page.getByLabel('Token', { exact: true }).fill(TOKENS.query);
    await page.keyboard.press('Enter');
  }

  const told = (page: Page) => page.locator('.told');
  const tableOf = async (page: Page): Promise<string[]> => {
    await page.getByText('Table of the bars').click();
    return page.locator('.rows tbody tr').allInnerTexts();
  };

  it('shows the last days unasked, in bars, with where their rows are', async () => {
    const { page, complaints } = await open('data');
    await unlock(page);
    await page.getByText('bars of 15m').waitFor();
    expect(await page.getByLabel('Dataset').locator('option').allInnerTexts()).toEqual(['candles']);
    await told(page).getByText('168 rows').waitFor();
    await page.getByRole('button', { name: '1 year' }).click();
    await told(page).getByText('40 rows').waitFor();
    const text = await told(page).innerText();
    expect(text).toMatch(/[1-9]\d* of [1-9]\d* segments and [1-9]\d* hot rows read/);
    await page.getByText('cold: in the lake').waitFor();
    await page.getByText('hot: in PostgreSQL').waitFor();
    const isDrawn = `[...document.querySelectorAll('.data canvas')].some((canvas) =>
      canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data.some(Boolean))`;
    expect(await page.evaluate<boolean>(isDrawn)).toBe(true);
    const base = (await page.getByLabel('symbol').inputValue()) === 'AAA' ? 100 : 9_000;
    const rows = await tableOf(page);
    expect(rows[0]?.split('\t').slice(1, 5)).toEqual(
      [base, base + 26, base - 2, base + 24].map(String),
    );
    expect(complaints).toEqual([]);
  });

  it('shows another key and another column, of which dataset the address says', async () => {
    const { page, complaints } = await open('data/candles');
    await unlock(page);
    await page.getByText('bars of 15m').waitFor();
    const symbol = page.getByLabel('symbol');
    expect(['AAA', 'B&B']).toContain(await symbol.inputValue());
    await symbol.fill('B&B');
    await page.keyboard.press('Enter');
    await page.getByLabel('Price').selectOption('volume');
    await page.getByLabel('As', { exact: true }).selectOption('line');
    await page.getByRole('button', { name: '1 year' }).click();
    await told(page).getByText('40 rows').waitFor();
    const [first] = await tableOf(page);
    expect(first?.split('\t').slice(1, 5)).toEqual(['0', '23', '0', '23']);
    await symbol.fill('nobody');
    await page.keyboard.press('Enter');
    await told(page).getByText('0 rows').waitFor();
    expect(complaints).toEqual([]);
  });

  it('is reached from the dataset, by keyboard alone', async () => {
    const { page } = await open('datasets/candles');
    await page.getByRole('link', { name: 'Look at its data' }).focus();
    await page.keyboard.press('Enter');
    await page.getByRole('button', { name: 'Enter the query token' }).focus();
    await page.keyboard.press('Enter');
    await page.keyboard.type(TOKENS.query);
    await page.keyboard.press('Enter');
    await page.getByText('bars of 15m').waitFor();
    await page.getByLabel('Dataset').focus();
    const focused =
      'document.activeElement.id && document.querySelector(`label[for="${document.activeElement.id}"]`)?.textContent || document.activeElement.textContent';
    const seen: string[] = [];
    for (let tabs = 0; tabs < 20; tabs += 1) {
      await page.keyboard.press('Tab');
      seen.push(await page.evaluate<string>(focused));
      if (seen.at(-1) === 'Show') break;
    }
    // A day is three fields of the browser's own.
    expect([...new Set(seen)]).toEqual([
      'symbol',
      'Price',
      'As',
      'From',
      'To',
      '1 day',
      '7 days',
      '31 days',
      '1 year',
      'Show',
    ]);
  });

  it.each([
    ['light', DESKTOP],
    ['dark', DESKTOP],
    ['light', PHONE],
    ['dark', { width: 320, height: 640 }],
  ] as const)('is readable for everybody, %s at %j', async (colorScheme, viewport) => {
    const { page } = await open('data', { colorScheme, viewport });
    await unlock(page);
    await page.getByText('bars of 15m').waitFor();
    await told(page).getByText(/rows$/).first().waitFor();
    await tableOf(page);
    expect(await violationsOn(page)).toEqual([]);
    const width = await page.evaluate<number>('document.documentElement.scrollWidth');
    expect(width).toBe(viewport.width);
    const picture = process.env['TIERD_TEST_PICTURES'];
    if (picture !== undefined) {
      await page.screenshot({
        path: `${picture}/data-${colorScheme}-${String(viewport.width)}.png`,
      });
    }
  });
});

/** The page's *Data* in a real Chromium, on a real daemon: bars over hot and cold. */
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import {
  DESKTOP,
  openPage,
  PHONE,
  startChromium,
  violationsOn,
  type WatchedPage,
} from '../support/browser.ts';
import { makeDaemon, PATIENCE } from '../support/daemon.ts';
import { createTestDatabase } from '../support/database.ts';
import { describeOn } from '../support/servers.ts';

const QUERY = 'query-token-0123456789';

describeOn('chromium', 'looking at data on the page', () => {
  let browser: Browser;
  let url: string;
  let end: () => Promise<void>;

  beforeAll(async () => {
    browser = await startChromium();
    const database = await createTestDatabase();
    // An hour a bar, for forty days: ten of them are due.
    await database.query(
      `create table candles (symbol text, ts timestamptz, open numeric(20,8), high numeric(20,8), low numeric(20,8),
                             close numeric(20,8), volume bigint, primary key (symbol, ts))`,
    );
    await database.query(
      `insert into candles
       select symbol, date_trunc('day', now()) - interval '40 days' + n * interval '1 hour',
              base + n, base + n + 3, base + n - 2, base + n + 1, n
       from (values ('AAA', 100), ('B&B', 9000)) as symbols(symbol, base), generate_series(0, 959) as n`,
    );
    await database.query('create table words (ts timestamptz not null, word text)');
    const scene = await makeDaemon(
      database,
      `
schedules: { rotate: { cron: "0 0 29 2 *" } }
storage: { lifecycle: { guards: { max_share: 1 } } }
server: { port: 0, query_token: ${QUERY}, survey_interval: 1s, requests_per_minute: 100000 }
`,
      {
        datasets: 'candles: { time_column: ts }\n  words: { time_column: ts }',
      },
    );
    expect(await scene.workspace.tierd('rotate')).toMatchObject({ exitCode: 0 });
    const daemon = scene.run();
    const urlOf = (): string => /status page is at (http:\S+)/.exec(daemon.stderr())?.[1] ?? '';
    await expect.poll(urlOf, PATIENCE).not.toBe('');
    url = urlOf();
    end = async () => {
      daemon.child.kill('SIGTERM');
      expect(await daemon.ended).toBe(0);
    };
  });

  afterAll(async () => {
    await browser.close();
    await end();
  });

  async function open(
    hash = '#/data',
    options: Parameters<typeof openPage>[2] = {},
  ): Promise<WatchedPage> {
    const watched = await openPage(browser, url + hash, options);
    await watched.page.getByRole('button', { name: 'Enter the query token' }).click();
    await watched.page.getByLabel('Token', { exact: true }).fill(QUERY);
    await watched.page.keyboard.press('Enter');
    return watched;
  }

  const told = (page: Page) => page.locator('.told');
  const tableOf = async (page: Page): Promise<string[]> => {
    await page.getByText('Table of the bars').click();
    return page.locator('.rows tbody tr').allInnerTexts();
  };

  it('shows the last days unasked, in bars, with where their rows are', async () => {
    const { page, complaints } = await open();
    await page.getByText('bars of 15m').waitFor();
    expect(await page.getByLabel('Dataset').locator('option').allInnerTexts()).toEqual(['candles']);
    await told(page).getByText('169 rows').or(told(page).getByText('168 rows')).waitFor();
    await page.getByRole('button', { name: '1 year' }).click();
    await told(page).getByText('40 rows').waitFor();
    const text = await told(page).innerText();
    expect(text).toMatch(/[1-9]\d* of [1-9]\d* segments and [1-9]\d* hot rows read/);
    await page.getByText('cold: in the lake').waitFor();
    await page.getByText('hot: in PostgreSQL').waitFor();
    const isDrawn = `[...document.querySelectorAll('.data canvas')].some((canvas) =>
      canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data.some(Boolean))`;
    expect(await page.evaluate<boolean>(isDrawn)).toBe(true);
    const rows = await tableOf(page);
    expect(rows[0]?.split('\t').slice(1, 5)).toEqual([
      '100.00000000',
      '126.00000000',
      '98.00000000',
      '124.00000000',
    ]);
    expect(complaints).toEqual([]);
    await page.context().close();
  });

  it('shows another key and another column, of which dataset the address says', async () => {
    const { page, complaints } = await open('#/data/candles');
    await page.getByText('bars of 15m').waitFor();
    const symbol = page.getByLabel('symbol');
    expect(['AAA', 'B&B']).toContain(await symbol.inputValue());
    await symbol.fill('B&B');
    await page.keyboard.press('Enter');
    await page.getByLabel('Price').selectOption('volume');
    await page.getByLabel('As').selectOption('line');
    await page.getByRole('button', { name: '1 year' }).click();
    await told(page).getByText('40 rows').waitFor();
    const [first] = await tableOf(page);
    expect(first?.split('\t').slice(1, 5)).toEqual(['0', '23', '0', '23']);
    await symbol.fill('nobody');
    await page.keyboard.press('Enter');
    await told(page).getByText('0 rows').waitFor();
    expect(complaints).toEqual([]);
    await page.context().close();
  });

  it('is reached from the dataset, by keyboard alone', async () => {
    const { page } = await openPage(browser, `${url}#/datasets/candles`);
    await page.getByRole('link', { name: 'Look at its data' }).focus();
    await page.keyboard.press('Enter');
    await page.getByRole('button', { name: 'Enter the query token' }).focus();
    await page.keyboard.press('Enter');
    await page.keyboard.type(QUERY);
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
    await page.context().close();
  });

  it.each([
    ['light', DESKTOP],
    ['dark', DESKTOP],
    ['light', PHONE],
    ['dark', { width: 320, height: 640 }],
  ] as const)('is readable for everybody, %s at %j', async (colorScheme, viewport) => {
    const { page } = await open('#/data', { colorScheme, viewport });
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
    await page.context().close();
  });
});

/** The page's *Ask* in a real Chromium: on a server whose answers the test decides, and on a real daemon. */
import { readFileSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import type { Page } from 'playwright-core';
import { expect, it, onTestFinished } from 'vitest';
import { DESKTOP, enterToken, openPage, PHONE, violationsOn } from '../support/browser.ts';
import { fillTicks, makeDaemon, PATIENCE, whenServing } from '../support/daemon.ts';
import { createTestDatabase } from '../support/database.ts';
import { chromiumOfSuite, scenesInChromium } from '../support/page-in-chromium.ts';
import { describeOn } from '../support/servers.ts';

const QUERY = 'query-token-0123456789';
const CONTROL = 'control-token-0123456789';
const TOKENS = { status: null, control: CONTROL, query: QUERY };

const HEAD = {
  'content-type': 'application/x-ndjson; charset=utf-8',
  'tierd-snapshot': '1.42.3f2a91c0',
  'tierd-segments-read': '31',
  'tierd-segments': '1825',
  'tierd-hot-rows': '4320',
};

function answerRows(response: ServerResponse, rows: readonly unknown[], more: object = {}): void {
  response.writeHead(200, { ...HEAD, ...more });
  response.end(rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
}

describeOn('chromium', 'asking on the page', () => {
  const open = scenesInChromium({ tokens: TOKENS, view: 'ask' });

  const box = (page: Page) => page.getByLabel('One SELECT');

  async function unlock(page: Page, token = QUERY): Promise<void> {
    await page.getByRole('button', { name: 'Enter the query token' }).click();
    await enterToken(page, token);
  }

  async function run(page: Page, sql: string): Promise<void> {
    await box(page).fill(sql);
    await page.keyboard.press('Control+Enter');
  }

  it('says that nobody may, where there is no token for it', async () => {
    const { page, complaints } = await open({ status: null, control: null });
    await page.getByText('server.query_token is not configured').waitFor();
    expect(await box(page).count()).toBe(0);
    expect(complaints).toEqual([]);
  });

  it('asks for the query token, keeps it in the tab beside the other, and forgets it', async () => {
    const { page, scene } = await open();
    await unlock(page, CONTROL);
    await page.getByText('This token does not allow that.').waitFor();
    await page.keyboard.press('Escape');
    await unlock(page);
    await box(page).waitFor();
    await page.reload();
    await box(page).waitFor();
    expect(await page.evaluate<unknown>('[localStorage.length, document.cookie]')).toEqual([0, '']);
    // It commands nothing.
    expect(await page.getByRole('button', { name: 'Unlock commands' }).count()).toBe(1);
    await page.getByRole('button', { name: 'Forget token' }).click();
    await page.getByRole('button', { name: 'Enter the query token' }).waitFor();
    expect(scene.commands).toEqual([]);
  });

  it('shows rows, how many, from where, of which snapshot; texts stay texts', async () => {
    const { page, scene, complaints, hosts } = await open();
    await unlock(page);
    let asked: unknown;
    scene.answerQuery = (question, response) => {
      asked = question;
      const rows = [
        { symbol: '<img src=x onerror=alert(1)>', n: 1, big: '9007199254740993', more: { a: [1] } },
        { symbol: 'x'.repeat(500), n: null, big: null, more: null },
      ];
      answerRows(response, rows, { 'tierd-rows': '2', 'tierd-elapsed-ms': '73' });
    };
    await run(page, "select * from flights where a = $2 and b = '$3' and c < $1");
    const values = page.getByRole('group', { name: 'Values' });
    expect(await values.getByRole('textbox').count()).toBe(2);
    await page.getByLabel('$1', { exact: true }).fill("O'Hare");
    await page.getByLabel('NULL for $2').check();
    await page.getByRole('button', { name: 'Run' }).click();
    await expect.poll(() => asked, PATIENCE).toMatchObject({ params: ["O'Hare", null] });
    await page.getByText('2 rows').waitFor();
    const told = await page.locator('.told').innerText();
    expect(told).toContain('73 ms');
    expect(told).toContain(
      '31 of 1,825 segments and 4,320 hot rows read, at version 1.42.3f2a91c0',
    );
    expect(told).toContain('long values end with …');
    const cells = await page.locator('.rows tbody tr').allInnerTexts();
    expect(cells[0]).toBe('<img src=x onerror=alert(1)>\t1\t9007199254740993\t{"a":[1]}');
    expect(cells[1]).toMatch(/^x{160}…\tNULL\tNULL\tNULL$/);
    expect(await page.locator('main img').count()).toBe(0);
    expect([...hosts]).toEqual([new URL(scene.url).host]);
    expect(complaints).toEqual([]);
  });

  it('asks with what waits in Redis where that is ticked, and says that it was', async () => {
    const { page, scene } = await open();
    await unlock(page);
    const asked: unknown[] = [];
    scene.answerQuery = (question, response) => {
      asked.push(question);
      answerRows(response, [{ n: 1 }], question.live ? { 'tierd-live-rows': '17' } : {});
    };
    await run(page, 'select count(*) as n from flights');
    await page.getByText('1 row').waitFor();
    expect(await page.locator('.told').innerText()).not.toContain('Redis');
    await page.getByLabel('With what waits in Redis').check();
    await page.getByRole('button', { name: 'Run' }).click();
    await page.getByText('17 rows of Redis, read beside it and not within it').waitFor();
    expect(asked).toMatchObject([{ live: false }, { live: true }]);
    expect(await violationsOn(page)).toEqual([]);
  });

  it('shows the first thousand of many, counts all, and cuts nothing in silence', async () => {
    const { page, scene } = await open();
    await unlock(page);
    let end: () => void = () => undefined;
    scene.answerQuery = (_question, response) => {
      response.writeHead(200, HEAD);
      const rows = Array.from({ length: 2_345 }, (_, n) => `{"n":${String(n)},"t":"ü"}\n`).join('');
      // In pieces that break lines and characters.
      const bytes = Buffer.from(rows);
      response.write(bytes.subarray(0, 1_207));
      response.write(bytes.subarray(1_207));
      end = () => response.end();
    };
    await run(page, 'select n from numbers');
    await page.getByText('2,345 rows so far').waitFor();
    end();
    await page.getByText('The first 1,000 of 2,345 rows').waitFor();
    expect(await page.locator('.rows tbody tr').count()).toBe(1_000);
    expect(await page.locator('.rows tbody tr').last().innerText()).toBe('999\tü');
  });

  it('tells a problem with its code, what and hint, and a part as a part', async () => {
    const { page, scene } = await open();
    await unlock(page);
    scene.answerQuery = (_question, response) => {
      response.writeHead(422, { 'content-type': 'application/problem+json' });
      response.end(
        JSON.stringify({
          status: 422,
          title: 'Not to be answered',
          detail: 'More rows are hot than may be copied.\nLINE 1: select\n        ^',
          code: 'HOT_ROWS_EXCEEDED',
          hint: 'Ask for a shorter time.',
        }),
      );
    };
    await run(page, 'select 1');
    const alert = page.locator('.told [role=alert]');
    await alert.getByText('More rows are hot than may be copied.').waitFor();
    expect(await alert.innerText()).toMatch(/Ask for a shorter time\.\s+HOT_ROWS_EXCEEDED/);
    expect(await alert.locator('pre').innerText()).toBe('LINE 1: select\n        ^');
    expect(await violationsOn(page)).toEqual([]);

    let breakOff: () => void = () => undefined;
    scene.answerQuery = (_question, response) => {
      response.writeHead(200, HEAD);
      response.write('{"n":1}\n{"n":2}\n');
      breakOff = () => response.destroy();
    };
    await run(page, 'select 2');
    await page.getByText('2 rows so far').waitFor();
    breakOff();
    await alert.getByText('The answer broke off').waitFor();
    await alert.getByText('2 rows had come before: they are a part').waitFor();
    expect(await page.locator('.rows tbody tr').count()).toBe(2);

    await scene.stop();
    await run(page, 'select 3');
    await alert.getByText('The daemon does not answer.').waitFor();
  });

  it('cancels a query, whose connection is closed then', async () => {
    const { page, scene } = await open();
    await unlock(page);
    let isGone = false;
    scene.answerQuery = (_question, response) => {
      response.on('close', () => (isGone = true));
    };
    await run(page, 'select 1');
    await page.getByRole('button', { name: 'Cancel' }).click();
    await page.getByText('It was cancelled.').waitFor();
    await expect.poll(() => isGone, PATIENCE).toBe(true);
    isGone = false;
    await run(page, 'select 2');
    await page.getByText('Running').waitFor();
    await page.keyboard.press('Escape');
    await page.getByText('It was cancelled.').waitFor();
    // Who looks elsewhere wants no answer.
    await run(page, 'select 3');
    await page.getByText('Running').waitFor();
    isGone = false;
    await page.getByRole('link', { name: 'Runs' }).click();
    await expect.poll(() => isGone, PATIENCE).toBe(true);
    await page.getByRole('link', { name: 'Ask' }).click();
    expect(await box(page).inputValue()).toBe('select 3');
  });

  it('is usable by keyboard alone', async () => {
    const { page, scene } = await open();
    await page.getByRole('button', { name: 'Enter the query token' }).focus();
    await page.keyboard.press('Enter');
    await page.keyboard.type(QUERY);
    await page.keyboard.press('Enter');
    await box(page).waitFor();
    scene.answerQuery = (_question, response) => answerRows(response, [{ n: 7 }]);
    await box(page).focus();
    await page.keyboard.type('select $1::int as n');
    await page.keyboard.press('Tab');
    await page.keyboard.type('7');
    await page.keyboard.press('Control+Enter');
    await page.getByText('1 row', { exact: true }).waitFor();
    const order = ['INPUT', 'INPUT', 'Run', 'csv', 'json', 'parquet', 'Rows of the answer'];
    for (const name of order) {
      await page.keyboard.press('Tab');
      const focused = `[document.activeElement.ariaLabel, document.activeElement.textContent, document.activeElement.tagName].find(Boolean)`;
      expect(await page.evaluate<string>(focused)).toBe(name);
    }
  });

  it.each([
    ['light', DESKTOP],
    ['dark', { width: 1280, height: 800 }],
    ['light', PHONE],
    ['dark', { width: 320, height: 640 }],
  ] as const)('is readable for everybody, %s at %j', async (colorScheme, viewport) => {
    const { page, scene } = await open(TOKENS, { colorScheme, viewport });
    const holds = async (): Promise<void> => {
      expect(await violationsOn(page)).toEqual([]);
      const width = await page.evaluate<number>('document.documentElement.scrollWidth');
      expect(width).toBe(viewport.width);
    };
    await page.getByRole('button', { name: 'Enter the query token' }).waitFor();
    await holds();
    await unlock(page);
    await box(page).waitFor();
    await holds();
    const row = Object.fromEntries(
      Array.from({ length: 20 }, (_, n) => [
        `column_${String(n)}`,
        n % 2 === 0 ? n : 'text '.repeat(50),
      ]),
    );
    scene.answerQuery = (_question, response) =>
      answerRows(response, [row, row, { ...row, column_1: null }]);
    await run(page, 'select $1, $2, $3');
    await page.getByText('3 rows', { exact: true }).waitFor();
    await holds();
  });
});

describeOn('chromium', 'asking a daemon on the page', () => {
  const browser = chromiumOfSuite();

  it('answers over hot and cold, and hands the whole out as a file', async () => {
    const database = await createTestDatabase();
    await fillTicks(database, { dueDays: 1, rows: 400 });
    const scene = await makeDaemon(
      database,
      `
schedules: { rotate: { cron: "0 0 29 2 *" } }
storage: { lifecycle: { guards: { max_share: 1 } } }
server: { port: 0, query_token: ${QUERY}, survey_interval: 1s }
`,
    );
    const daemon = scene.run();
    const { page, complaints } = await openPage(browser(), `${await whenServing(daemon)}/#/ask`);
    onTestFinished(() => page.context().close());
    await page.getByRole('button', { name: 'Enter the query token' }).click();
    await enterToken(page, QUERY);
    await page
      .getByLabel('One SELECT')
      .fill('select id, ts from ticks where id < $1 order by ts, id');
    await page.getByLabel('$1', { exact: true }).fill('3');
    await page.keyboard.press('Control+Enter');
    await page.locator('.rows tbody tr').first().waitFor();
    await page.getByText('hot rows read, at version').waitFor();
    const shown = await page.locator('.rows tbody tr').count();
    for (const [format, begin] of [
      ['csv', 'id,ts\r\n'],
      ['json', '[\n{"id":'],
      ['parquet', 'PAR1'],
    ] as const) {
      const loading = page.waitForEvent('download');
      await page.getByRole('button', { name: format, exact: true }).click();
      const download = await loading;
      expect(download.suggestedFilename()).toMatch(new RegExp(`^tierd-\\d+\\.\\d+.*\\.${format}$`));
      const file = readFileSync(await download.path(), 'latin1');
      expect(file.startsWith(begin)).toBe(true);
      if (format === 'csv') expect(file.trim().split('\r\n')).toHaveLength(shown + 1);
    }
    await page.getByLabel('One SELECT').fill('select * from nowhere');
    await page.keyboard.press('Control+Enter');
    await page.getByText('QUERY_INVALID').waitFor();
    // The refusal that the browser writes to its console is the 400 above.
    expect(complaints.filter((text) => !text.includes('400'))).toEqual([]);
    daemon.child.kill('SIGTERM');
    expect(await daemon.ended).toBe(0);
  });
});

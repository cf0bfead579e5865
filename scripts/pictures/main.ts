/**
 * `npm run pictures`: the demo's real rows under a real daemon, and its page as Chromium shows it,
 * into docs/images. The chart of pandas too, where $TIERD_TEST_ENGINES names a Python with what docs/postgres-face.md installs and matplotlib.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Page } from 'playwright-core';
import { enterToken, openPage, startChromium } from '../../test/support/browser.ts';
import { Undo } from '../demo/undo.ts';
import { playDay } from './day.ts';

const IMAGES = resolve(import.meta.dirname, '../../docs/images');

const PICTURES = [
  { name: 'desktop-light', colorScheme: 'light', viewport: { width: 1440, height: 900 } },
  { name: 'desktop-dark', colorScheme: 'dark', viewport: { width: 1440, height: 900 } },
  { name: 'phone-light', colorScheme: 'light', viewport: { width: 390, height: 844 } },
  { name: 'phone-dark', colorScheme: 'dark', viewport: { width: 390, height: 844 } },
] as const;

const QUESTION = `select origin, count(*) as flights, max(delay_minutes) as latest, min(departed_at) as since
from flights
where departed_at >= now() - interval '90 days'
group by origin
order by flights desc`;

const interrupt = new AbortController();
for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(name, () => interrupt.abort(new Error(name)));
}

const undo = new Undo();
let code = 1;
try {
  const { url, token, queryToken, face } = await playDay(undo, interrupt.signal);
  const browser = await startChromium();
  undo.add(() => browser.close());
  mkdirSync(IMAGES, { recursive: true });
  for (const { name, ...options } of PICTURES) {
    const { page } = await openPage(browser, url, options);
    await page.getByRole('button', { name: 'Unlock commands' }).click();
    await enterToken(page, token);
    await page.getByRole('button', { name: 'Pause rotate' }).waitFor();
    await page.getByRole('button', { name: '1 h', exact: true }).click();
    await page.locator('.plot canvas').nth(2).waitFor();
    // The bar needs two answers to move.
    await page.waitForTimeout(2_500);
    await take(page, `dashboard-${name}`);
    await page.getByRole('link', { name: 'Datasets' }).click();
    await page.getByRole('button', { name: 'flights', exact: true }).click();
    await page.locator('td.day.cold').first().waitFor();
    await take(page, `datasets-${name}`);
    await page.getByRole('link', { name: 'Ask' }).click();
    await page.getByRole('button', { name: 'Enter the query token' }).click();
    await enterToken(page, queryToken);
    await page.getByLabel('One SELECT').fill(QUESTION);
    await page.keyboard.press('Control+Enter');
    await page.locator('.rows tbody tr').first().waitFor();
    await take(page, `ask-${name}`);
    await page.context().close();
  }
  drawChart(face);
  code = 0;
} catch (error) {
  console.error(error);
}
await undo.undoAll();
process.exit(code);

function drawChart(face: string): void {
  const python = process.env['TIERD_TEST_ENGINES'];
  if (python === undefined) {
    console.log('docs/images/pandas.png stays as it is: there is no TIERD_TEST_ENGINES');
    return;
  }
  const program = join(import.meta.dirname, 'pandas_chart.py');
  execFileSync(python, [program, face, join(IMAGES, 'pandas.png')], { stdio: 'inherit' });
  console.log('docs/images/pandas.png');
}

async function take(page: Page, name: string): Promise<void> {
  await page.screenshot({ path: join(IMAGES, `${name}.png`), fullPage: true });
  console.log(`docs/images/${name}.png`);
}

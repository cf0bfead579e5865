/** The page of a real daemon, over a real PostgreSQL and a real Redis. */
import { expect, it, onTestFinished } from 'vitest';
import { enterToken, openPage, violationsOn } from '../support/browser.ts';
import { fillTicks, makeDaemon, PATIENCE, whenServing } from '../support/daemon.ts';
import { createTestDatabase } from '../support/database.ts';
import { openRedis } from '../support/live.ts';
import { chromiumOfSuite } from '../support/page-in-chromium.ts';
import { startRedis } from '../support/redis-server.ts';
import { describeOn } from '../support/servers.ts';

const CONTROL = 'control-token-0123456789';

const sections = (redisUrl: string): string => `
schedules: { rotate: { cron: "0 0 29 2 *" } }
storage: { lifecycle: { guards: { max_share: 1 } } }
server: { port: 0, control_token: ${CONTROL}, survey_interval: 1s }
redis: { url: "${redisUrl}" }
drain:
  interval: 1s
  sources:
    incoming: { kind: list, keys: incoming, dataset: ticks, columns: { ts: ts, id: id } }
`;

describeOn(['chromium', 'redis'], 'the page of a daemon', () => {
  const browser = chromiumOfSuite();

  it('shows a day go from hot to cold by a run that was asked for there, and what is drained', async () => {
    const database = await createTestDatabase();
    await fillTicks(database, { dueDays: 1, rows: 400 });
    const { rows: days } = await database.query(
      `select to_char(min(ts) at time zone 'utc', 'YYYY-MM-DD') as due from ticks`,
    );
    const [{ due: dueDay }] = days as [{ due: string }];
    const redisServer = await startRedis();
    onTestFinished(() => redisServer.remove());
    const redis = openRedis(redisServer.url);
    onTestFinished(() => redis.disconnect());
    const scene = await makeDaemon(database, sections(redisServer.url));
    const daemon = scene.run();
    const origin = await whenServing(daemon);

    const { page, complaints, hosts } = await openPage(browser(), `${origin}/`);
    onTestFinished(() => page.context().close());
    await page.getByText('● leads').waitFor();
    await page.getByRole('button', { name: 'Unlock commands' }).click();
    await enterToken(page, CONTROL);
    const view = (name: string): Promise<void> =>
      page.getByRole('link', { name, exact: false }).click();
    await view('Datasets');
    await page.getByRole('button', { name: 'ticks', exact: true }).click();
    const due = page.getByRole('grid', { name: 'Days of ticks' }).locator(`[data-day="${dueDay}"]`);
    await expect.poll(() => due.textContent(), PATIENCE).toBe('H');

    await page.getByRole('button', { name: 'Pause ticks' }).click();
    await page.getByText('paused by the status page').waitFor();
    await page.getByRole('button', { name: 'Resume ticks' }).click();
    await page.getByRole('button', { name: 'Pause ticks' }).waitFor();

    await view('Overview');
    await page.getByRole('button', { name: 'Run now: rotate' }).click();
    const dialog = page.getByRole('dialog', { name: 'Run rotate now?' });
    await dialog.getByRole('button', { name: 'Dry run' }).click();
    await dialog.getByRole('row').filter({ hasText: 'ticks' }).getByText('400').waitFor();
    expect(await scene.hotRows('ticks')).toBe(800);
    await dialog.getByRole('button', { name: 'Run now', exact: true }).click();
    await page.getByRole('status').filter({ hasText: 'rotate: started.' }).waitFor();
    await view('Datasets');
    await page.getByRole('button', { name: 'ticks', exact: true }).click();
    await expect.poll(() => due.textContent(), PATIENCE).toBe('C');
    expect(await due.getAttribute('aria-label')).toContain('400 rows cold in 1 segment');
    expect(await scene.hotRows('ticks')).toBe(400);
    await view('Runs');
    const run = page.locator('.runs tbody tr').filter({ hasText: 'rotate' });
    await run.getByText('done').waitFor();
    expect(await run.innerText()).toContain('400');

    const rows = Array.from({ length: 30 }, (_, id) => ({ ts: new Date().toISOString(), id }));
    await redis.rpush('incoming', ...rows.map((row) => JSON.stringify(row)), 'not a row');
    await view('Datasets');
    const source = page.locator('.sources tbody tr').filter({ hasText: 'incoming' });
    await source.getByText('30', { exact: true }).waitFor();
    await page.getByText('1 dead letter').first().waitFor();

    expect(await violationsOn(page)).toEqual([]);
    expect([...hosts]).toEqual([new URL(origin).host]);
    expect(complaints).toEqual([]);

    daemon.child.kill('SIGTERM');
    expect(await daemon.ended).toBe(0);
    await page.getByRole('alert').filter({ hasText: 'does not answer' }).waitFor();
  });
});

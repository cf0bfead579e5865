/** The page in a real Chromium, on a server whose answers the test decides. */
import { expect, it } from 'vitest';
import { DESKTOP, enterToken, PHONE, violationsOn, type WatchedPage } from '../support/browser.ts';
import { PATIENCE } from '../support/daemon.ts';
import { aLastRun, aRun, manyDatasets } from '../support/page-documents.ts';
import { scenesInChromium } from '../support/page-in-chromium.ts';
import { problem } from '../support/page-scene.ts';
import { describeOn } from '../support/servers.ts';

const STATUS = 'status-token-0123456789';
const CONTROL = 'control-token-0123456789';
/** Well before the runs would be asked for anyway. */
const SOON_MS = 10_000;
const OPEN = { status: null, control: null };
const WITH_CONTROL = { status: null, control: CONTROL };
const LAPTOP = { width: 1280, height: 800 };
const WITH_BOTH = { status: STATUS, control: CONTROL };

/** Tables that are wider than the box they are in: it would be cut, or reach over the edge. */
const BURSTING = `[...document.querySelectorAll('main section table')]
  .filter((table) => table.closest('.scroll') === null)
  .filter((table) => table.getBoundingClientRect().right > table.parentElement.getBoundingClientRect().right + 1)
  .map((table) => table.innerText.slice(0, 80))`;

describeOn('chromium', 'the page', () => {
  /** A page that asked for nothing it should not have, unless the test says so. */
  const open = scenesInChromium({ tokens: OPEN, view: '' });

  async function unlock(watched: WatchedPage): Promise<void> {
    await watched.page.getByRole('button', { name: 'Unlock commands' }).click();
    await enterToken(watched.page, CONTROL);
    await watched.page.getByRole('button', { name: 'Run now: rotate' }).waitFor();
  }

  it('shows the stores, schedules, charts, days and runs, each in its view, and asks no other host', async () => {
    const { page, complaints, hosts, scene } = await open();
    const shows = async (...figures: readonly string[]): Promise<void> => {
      for (const figure of figures) {
        await expect.poll(() => page.locator('main').innerText(), PATIENCE).toContain(figure);
      }
    };
    await page.getByText('2,511,904 rows').first().waitFor();
    await shows(
      '1,204 waiting',
      '≈ 976,192 rows',
      '12.0 MB of 256 MB',
      '17.6, TimescaleDB 2.19.3',
      'snapshot',
    );
    await shows('in 3 h 1', 'running 1 h', 'Nothing needs you');
    await expect.poll(() => page.locator('.plot canvas').count(), PATIENCE).toBe(3);
    await page.getByRole('link', { name: 'Datasets' }).click();
    await shows('flights_stream', '3 dead letters wait');
    await page.getByRole('button', { name: 'flights', exact: true }).click();
    await page.locator('td.day.cold').first().waitFor();
    expect(await page.getByRole('grid', { name: 'Days of flights' }).count()).toBe(1);
    await page.getByRole('link', { name: 'Runs' }).click();
    await shows('the lake could not be read');
    expect(await page.getByRole('button', { name: 'Pause' }).count()).toBe(0);
    expect([...hosts]).toEqual([new URL(scene.url).host]);
    expect(complaints).toEqual([]);
  });

  it('has each view at an address of its own, also after a reload and on the way back', async () => {
    const { page, complaints } = await open(OPEN, {}, 'datasets/market_data');
    const grid = page.getByRole('grid', { name: 'Days of market_data' });
    await grid.waitFor();
    expect(await page.title()).toBe('market_data · Datasets · tierd');
    await page.getByRole('link', { name: 'Runs' }).click();
    await page.getByRole('heading', { name: 'Runs' }).waitFor();
    expect(new URL(page.url()).hash).toBe('#/runs');
    await page.goBack();
    await grid.waitFor();
    await page.reload();
    await grid.waitFor();
    expect(await page.getByRole('grid').count()).toBe(1);
    await page.getByRole('button', { name: 'flights', exact: true }).click();
    await page.getByRole('grid', { name: 'Days of flights' }).waitFor();
    expect(await grid.count()).toBe(0);
    await page.evaluate(`location.hash = '#/datasets/nobody%20knows%'`);
    await page.getByText('There is no dataset “nobody%20knows%” in this configuration.').waitFor();
    await page.evaluate(`location.hash = '#/elsewhere'`);
    await page.getByRole('heading', { name: 'Stores' }).waitFor();
    expect(complaints).toEqual([]);
  });

  it.each(['datasets', 'datasets/flights', 'runs'])(
    'says in %s that the daemon does not answer',
    async (view) => {
      const { page, scene } = await open(OPEN, {}, view);
      await page.locator('main tbody tr').first().waitFor();
      await scene.stop();
      await page.locator('header').getByText('does not answer').waitFor();
      await page.getByRole('alert').filter({ hasText: 'All below is as of' }).waitFor();
      expect(await page.locator('main').getAttribute('class')).toContain('stale');
      expect(await page.title()).toContain('does not answer');
      expect(await violationsOn(page)).toEqual([]);
    },
  );

  it.each([DESKTOP, LAPTOP])(
    'the overview fits one screen of %j, however many datasets, sources and alerts there are',
    async (viewport) => {
      const { page, scene } = await open(OPEN, { viewport });
      const { survey } = scene.status;
      const [source] = survey!.sources;
      const sources = Array.from({ length: 50 }, (_, index) => ({
        ...source!,
        source: `source_${String(index)}`,
      }));
      scene.status.survey = { ...survey!, datasets: manyDatasets(50), sources };
      scene.status.alerts = Array.from({ length: 20 }, (_, index) => ({
        id: String(index),
        kind: 'job_failed',
        severity: index === 19 ? 'error' : 'warning',
        subject: `trades_${String(index)}`,
        message: 'rotate was refused',
        since: null,
        receivers: 1,
        not_told: [],
      }));
      const alerts = page.locator('.alerts li');
      await expect.poll(() => alerts.count(), PATIENCE).toBe(3);
      expect(await alerts.first().innerText()).toContain('trades_19');
      await expect.poll(() => page.locator('.plot canvas').count(), PATIENCE).toBe(3);
      expect(await page.evaluate<number>('document.documentElement.scrollHeight')).toBe(
        viewport.height,
      );
      await page.getByRole('button', { name: 'Show all 20' }).click();
      expect(await alerts.count()).toBe(20);
    },
  );

  it.each([
    [DESKTOP, 'light'],
    [PHONE, 'dark'],
  ] as const)(
    'says what the lake needs of a dataset, and marks its days that are pinned or held (%j, %s)',
    async (viewport, colorScheme) => {
      const { page, scene, complaints } = await open(
        OPEN,
        { viewport, colorScheme },
        'datasets/flights',
      );
      const care = page.getByRole('article', { name: 'flights' }).locator('.care');
      await care.waitFor();
      const facts = await care.locator('div').allInnerTexts();
      expect(facts.map((fact) => fact.replaceAll(/\s+/gu, ' '))).toEqual([
        'compaction 117 small segments of 24.0 MB would become 4',
        'expires 492,600 rows within 30 days',
        expect.stringMatching(/^held \d{4}-\d\d-\d\d to .* hold 3 \(case 17\)$/u) as string,
        expect.stringMatching(/^scrubbed between .*; 6 segments never$/u) as string,
        'audit log entry 151, c0ffeec0ffee…',
      ]);
      await expect.poll(() => page.locator('td.day.pinned').count(), PATIENCE).toBe(4);
      const pinned = page.locator('td.day.pinned').first();
      expect(await pinned.getAttribute('aria-label')).toMatch(/: hot, 16,420 rows hot, pinned$/u);
      await expect
        .poll(() => page.locator('.calendar .summary').innerText(), PATIENCE)
        .toMatch(/pinned 4/u);
      const held = page.locator('td.day.held').first();
      expect(await held.getAttribute('aria-label')).toMatch(
        /: cold, 16,420 rows cold in 1 segment, held$/u,
      );
      expect(await violationsOn(page)).toEqual([]);
      expect(
        await page.evaluate<boolean>(
          'document.documentElement.scrollWidth <= document.documentElement.clientWidth',
        ),
      ).toBe(true);
      expect(complaints).toEqual([]);

      const { survey } = scene.status;
      const [first] = survey!.datasets;
      const calm = {
        compaction: { segments: 0, segments_after: 0, bytes: 0 },
        expiring: null,
        holds: [],
        scrubs: { oldest: null, newest: null, never: 147 },
        audit_head: null,
      };
      scene.status.survey = { ...survey!, datasets: [{ ...first!, care: calm }] };
      await expect
        .poll(async () => (await care.innerText()).replaceAll(/\s+/gu, ' '), PATIENCE)
        .toBe(
          'compaction nothing to merge expires never held nothing scrubbed never audit log no entry yet',
        );
    },
  );

  it('shows the runs of one job alone', async () => {
    const { page, scene } = await open(OPEN, {}, 'runs');
    await page.locator('.runs tbody tr').first().waitFor();
    await page.getByLabel('Runs of which job').selectOption('scrub');
    await expect.poll(() => scene.asked, PATIENCE).toContain('/v1/runs?limit=50&job=scrub');
  });

  it('keeps billions of rows in their column', async () => {
    const viewport = { width: 700, height: 900 };
    const { page, scene } = await open(OPEN, { viewport }, 'datasets');
    const [first] = manyDatasets(1);
    const hot = { ...first!.hot, rows: 1_234_567_890, bytes: 234.5 * 1024 ** 3 };
    const cold = { ...first!.cold, rows: 98_765_432_109, bytes: 23.4 * 1024 ** 4 };
    scene.status.survey = { ...scene.status.survey!, datasets: [{ ...first!, hot, cold }] };
    await page.getByText('98,765,432,109').waitFor();
    const wider = `[...document.querySelectorAll('.list tbody td')].filter((cell) => {
      const text = document.createRange();
      text.selectNodeContents(cell);
      const { left, right } = text.getBoundingClientRect();
      return left < cell.getBoundingClientRect().left || right > cell.getBoundingClientRect().right;
    }).map((cell) => cell.innerText)`;
    expect(await page.evaluate<string[]>(wider)).toEqual([]);
  });

  it('keeps long runs of long names within a narrow phone', async () => {
    const { page, scene } = await open(OPEN, { viewport: { width: 320, height: 640 } }, 'runs');
    const [run] = scene.runs.runs;
    const long = {
      ...run!,
      subject: 'a_dataset_of_a_rather_long_name',
      cause: 'by_hand',
      started_at: '2026-01-14T03:17:52Z',
      finished_at: '2026-01-14T13:17:12Z',
      rows_moved: 9_876_543_210,
      error_code: null,
    };
    scene.runs = {
      runs: [
        { ...long, id: '1', state: 'abandoned', error_message: 'the process ended' },
        { ...long, id: '2', state: 'running', finished_at: null },
      ],
    };
    await page.reload();
    await page.getByText('after 9 h 59 min').waitFor();
    expect(await page.evaluate<number>('document.documentElement.scrollWidth')).toBe(320);
    expect(await violationsOn(page)).toEqual([]);
  });

  it('keeps what data says out of the markup', async () => {
    const { page, scene, complaints } = await open();
    const evil = '<img src=x onerror=alert(1)><b>bold</b>';
    scene.status.alerts = [
      {
        id: '1',
        kind: 'job_failed',
        severity: 'error',
        subject: evil,
        message: evil,
        since: null,
        receivers: 0,
        not_told: [],
      },
    ];
    await page.getByText(evil).first().waitFor();
    expect(await page.locator('main img, main b').count()).toBe(0);
    expect(complaints).toEqual([]);
  });

  it('says of an alert who has not heard of it, and that nobody can where no receiver wants it', async () => {
    const { page, scene } = await open();
    const about = (id: string, receivers: number, not_told: readonly string[]) => ({
      id,
      kind: 'job_failed',
      severity: 'error' as const,
      subject: id,
      message: 'it failed',
      since: null,
      receivers,
      not_told,
    });
    scene.status.alerts = [
      about('unwanted', 0, []),
      about('waiting', 2, ['pager']),
      about('heard', 2, []),
    ];
    await page.getByText('unwanted').waitFor();
    const texts = await page.locator('.alerts li').allInnerTexts();
    expect(texts).toEqual([
      expect.stringMatching(
        /unwanted .* told to nobody: no receiver is configured for it$/,
      ) as string,
      expect.stringMatching(/waiting .* not told to pager yet$/) as string,
      expect.stringMatching(/it failed\s*$/) as string,
    ]);
  });

  it('lets no foreign script or style run', async () => {
    const { page, complaints } = await open();
    await page.locator('main h2').first().waitFor();
    // Trusted Types refuse the text before the policy for scripts can.
    const ran = await page.evaluate<boolean>(`{
      const script = document.createElement('script');
      try { script.textContent = 'window.hasRun = true'; } catch (error) { console.error(error.message); }
      document.body.append(script);
      'hasRun' in window;
    }`);
    expect(ran).toBe(false);
    expect(complaints.join('\n')).toMatch(/Content Security Policy|TrustedScript/);
  });

  it('follows what changes: a run with its bar, an alert, a paused dataset', async () => {
    const { page, scene } = await open();
    await page.getByText('Nothing needs you').waitFor();
    const [rotate, ...others] = scene.status.jobs;
    const running = aRun(Date.now(), { label: 'a day', unit: 'rows', done: 250, total: 1_000 });
    scene.status.jobs = [{ ...rotate!, running }, ...others];
    scene.status.alerts = [
      {
        id: '1',
        kind: 'drain_lag',
        severity: 'warning',
        subject: 'flights_stream',
        message: 'is 12 s behind',
        since: new Date().toISOString(),
        receivers: 1,
        not_told: [],
      },
    ];
    scene.status.paused_datasets = [
      { dataset: 'market_data', since: new Date().toISOString(), by: 'ann' },
    ];
    const bar = page.getByRole('progressbar', { name: 'rotate: a day' });
    await bar.waitFor();
    expect(await bar.getAttribute('aria-valuenow')).toBe('25');
    await page.getByText('250 of 1,000 rows').waitFor();
    await page.locator('.connector.rotate.moving').waitFor();
    expect(await page.locator('.alerts').innerText()).toContain('flights_stream is 12 s behind');
    await page.getByRole('link', { name: 'Datasets' }).click();
    await page.getByText('‖ paused').waitFor();
    await page.getByRole('button', { name: 'market_data', exact: true }).click();
    await page.getByRole('article', { name: 'market_data' }).getByText('paused by ann').waitFor();
    await page.getByRole('link', { name: 'Runs' }).click();
    await page.locator('.runs tbody tr').first().waitFor();
    // What a run changed is asked for as soon as it has ended.
    const before = scene.asked.filter((path) => path.startsWith('/v1/runs')).length;
    scene.status.jobs = [
      { ...rotate!, last: { ...rotate!.last!, run: '99', state: 'partly' } },
      ...others,
    ];
    await expect
      .poll(() => scene.asked.filter((path) => path.startsWith('/v1/runs')).length, {
        ...PATIENCE,
        timeout: SOON_MS,
      })
      .toBeGreaterThan(before);
  });

  it('says since when a daemon is away, greys what is old, and goes on when it is back', async () => {
    const watched = await open(WITH_CONTROL);
    const { page, scene } = watched;
    await unlock(watched);
    await page.getByText('2,511,904 rows').first().waitFor();
    await page.locator('.jobs').getByText('▶ running 1 h').waitFor();
    await page.locator('.connector.drain.moving').waitFor();
    await scene.stop();
    const alert = page.getByRole('alert').filter({ hasText: 'does not answer' });
    await alert.waitFor();
    expect(await alert.innerText()).toMatch(
      /All below is as of \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC/,
    );
    expect(await page.locator('main').getAttribute('class')).toBe('overview stale');
    // It led when it last answered; nobody knows who does now.
    expect(await page.locator('header').innerText()).not.toContain('leads');
    await page.locator('header').getByText('does not answer').waitFor();
    // Nor does anybody know whether anything runs still, will run, or needs somebody.
    const old = await page.locator('main').innerText();
    expect(old).toContain('was running 1 h');
    expect(old).toContain('was due in 3 h');
    expect(old.replaceAll('was running', '')).not.toContain('running');
    expect(old).not.toContain('Nothing needs you');
    expect(await page.locator('.moving').count()).toBe(0);
    for (const name of ['Run now: rotate', 'Stop drain', 'Pause rotate']) {
      const button = page.getByRole('button', { name });
      expect(await button.getAttribute('aria-disabled')).toBe('true');
      await button.click({ force: true });
    }
    expect(await page.getByRole('dialog').count()).toBe(0);
    expect(scene.commands).toEqual([]);
    expect(await violationsOn(page)).toEqual([]);
    scene.status.survey = { ...scene.status.survey!, dead_letters_waiting: 4_711 };
    await scene.start();
    await alert.waitFor({ state: 'detached' });
    expect(await page.locator('main').getAttribute('class')).toBe('overview');
    await page.getByRole('link', { name: 'Datasets' }).click();
    await page.getByText('4,711 dead letters wait').waitFor();
  });

  it('a standby says who leads', async () => {
    const { page, scene } = await open();
    Object.assign(scene.status, { role: 'standby', leader: 'there:2' });
    await page.getByText('there:2 leads').waitFor();
  });

  it('asks for a token where one is needed, refuses a wrong one, and keeps it in the tab', async () => {
    const watched = await open(WITH_BOTH);
    const { page } = watched;
    await page.getByRole('dialog', { name: 'Enter a token' }).waitFor();
    expect(await page.locator('main').innerText()).not.toContain('rows');
    await enterToken(watched.page, 'not-the-token-0123456789');
    await page.getByText('This token does not allow that.').waitFor();
    await enterToken(watched.page, STATUS);
    await page.getByText('2,511,904 rows').first().waitFor();
    expect(await page.getByRole('button', { name: 'Pause' }).count()).toBe(0);
    await page.reload();
    await page.getByText('2,511,904 rows').first().waitFor();
    expect(await page.evaluate<unknown>('[localStorage.length, document.cookie]')).toEqual([0, '']);
    await page.getByRole('button', { name: 'Forget token' }).click();
    await page.getByRole('heading', { name: 'A token is needed' }).waitFor();
  });

  it('runs a job after asking, and tells what came of it', async () => {
    const watched = await open(WITH_CONTROL);
    const { page, scene, complaints } = watched;
    await unlock(watched);
    const button = page.getByRole('button', { name: 'Run now: rotate' });
    await button.click();
    const dialog = page.getByRole('dialog', { name: 'Run rotate now?' });
    await dialog.getByRole('button', { name: 'Cancel' }).click();
    await dialog.waitFor({ state: 'detached' });
    expect(scene.commands).toEqual([]);

    await button.click();
    scene.answerCommand = () => problem(409, 'This daemon does not lead: there:2 does.');
    await dialog.getByRole('button', { name: 'Run now', exact: true }).click();
    await dialog.getByText('This daemon does not lead: there:2 does.').waitFor();
    expect(scene.commands).toEqual(['/v1/jobs/rotate/run']);

    scene.answerCommand = () => ({ status: 202, body: { outcome: 'queue', dry_run: null } });
    await dialog.getByRole('button', { name: 'Run now', exact: true }).click();
    await page.getByRole('status').filter({ hasText: 'rotate: waits for the run' }).waitFor();
    await dialog.waitFor({ state: 'detached' });
    // The refusal that the browser writes to its console is the 409 above.
    expect(complaints.filter((text) => !text.includes('409'))).toEqual([]);
  });

  it('a dry run shows what it found, the refusal and its hint on top, before anything is run', async () => {
    const watched = await open(WITH_CONTROL);
    const { page, scene } = watched;
    await unlock(watched);
    await page.getByRole('button', { name: 'Run now: rotate' }).click();
    scene.answerCommand = () => ({ status: 202, body: { outcome: 'start', dry_run: 'd1' } });
    const at = new Date().toISOString();
    const result = {
      datasets: [
        {
          dataset: 'flights',
          rows: 1_234_567,
          estimated_hot_bytes: 1024 ** 3,
          moves: [{ from: '2026-01-01T00:00:00.000Z', to: '2026-01-02T00:00:00.000Z' }],
          refusals: [{ message: '57 % of the table would leave.', hint: 'Use --force once.' }],
          notes: [],
        },
      ],
    };
    scene.dryRun = { state: 'refused', started_at: at, finished_at: at, result };
    const dialog = page.getByRole('dialog', { name: 'Run rotate now?' });
    const primary = (): Promise<string> => dialog.locator('button.primary').innerText();
    expect(await primary()).toBe('Dry run');
    await dialog.getByRole('button', { name: 'Dry run' }).click();
    await dialog.getByText('57 % of the table would leave.').waitFor();
    await dialog.getByText('Use --force once.').waitFor();
    expect(await dialog.getByRole('row').last().innerText()).toMatch(
      /flights.*1,234,567.*1\.00 GB/,
    );
    // What was refused is not the thing to do next.
    expect(await dialog.locator('button.primary').count()).toBe(0);
    expect(await violationsOn(page)).toEqual([]);

    scene.dryRun = { state: 'done', started_at: at, finished_at: at, result: { moves: 17 } };
    await dialog.getByRole('button', { name: 'Look again' }).click();
    await dialog.getByText('"moves": 17').waitFor();
    expect(await primary()).toBe('Run now');
    expect(scene.commands).toEqual([
      '/v1/jobs/rotate/run?dry_run=true',
      '/v1/jobs/rotate/run?dry_run=true',
    ]);
  });

  it('says whom the headlines leave out, and that nothing needs anybody only when all was looked at', async () => {
    const { page, scene } = await open();
    await page.getByText('Nothing needs you').waitFor();
    const survey = scene.status.survey!;
    scene.status.survey = {
      ...survey,
      error: 'PostgreSQL did not answer',
      totals: {
        hot: { ...survey.totals.hot, missing: ['news'], stale: ['market_data'] },
        waiting: { entries: null, missing: ['flights_list'] },
      },
    };
    await page.getByText('without news: not looked at yet').waitFor();
    await page.getByText('market_data as of an earlier look').waitFor();
    expect(await page.locator('.store.live .headline').innerText()).toBe('– waiting');
    expect(await page.getByText('Nothing needs you').count()).toBe(0);
  });

  it('keeps fifty datasets calm: those that need somebody on top, searched, sorted, opened one by one', async () => {
    const { page, scene } = await open(OPEN, {}, 'datasets');
    scene.status.survey = { ...scene.status.survey!, datasets: manyDatasets(50) };
    const rows = page.locator('.list tbody tr');
    await expect.poll(() => rows.count(), PATIENCE).toBe(12);
    expect(await page.getByRole('grid').count()).toBe(0);
    expect(await rows.first().innerText()).toContain('not looked at');
    const asked = (): number => scene.asked.filter((path) => path.includes('/v1/calendar')).length;
    const before = asked();

    // What a person does is shown a moment later.
    await page.getByRole('button', { name: 'rows hot' }).click();
    await expect.poll(() => rows.first().innerText(), PATIENCE).toContain('trades_49');
    await page.getByRole('button', { name: 'Show all 50' }).click();
    await expect.poll(() => rows.count(), PATIENCE).toBe(50);
    await page.getByRole('searchbox', { name: 'Search datasets' }).fill('trades_17');
    await expect.poll(() => rows.count(), PATIENCE).toBe(1);
    expect(asked()).toBe(before);

    await page.getByRole('button', { name: 'trades_17', exact: true }).click();
    await page.getByRole('grid', { name: 'Days of trades_17' }).waitFor();
    await expect.poll(asked, PATIENCE).toBe(before + 1);
    await page.getByRole('button', { name: 'trades_17', exact: true }).click();
    await expect.poll(() => page.getByRole('grid').count(), PATIENCE).toBe(0);
    await page.getByRole('searchbox', { name: 'Search datasets' }).fill('none of them');
    await page.getByText('No dataset').waitFor();

    const [source] = scene.status.survey.sources;
    scene.status.survey = {
      ...scene.status.survey,
      sources: Array.from({ length: 50 }, (_, index) => ({
        ...source!,
        source: `source_with_a_long_name_${String(index)}`,
        error: index === 49 ? 'WRONGTYPE' : null,
      })),
    };
    const sources = page.locator('.sources tbody th');
    await expect.poll(() => sources.count(), PATIENCE).toBe(12);
    expect(await sources.first().innerText()).toContain('source_with_a_long_name_49');
    await page.getByRole('button', { name: 'Show all 50' }).click();
    expect(await sources.count()).toBe(50);
    expect(await violationsOn(page)).toEqual([]);
  });

  it('pauses and resumes jobs and datasets', async () => {
    const watched = await open(WITH_CONTROL);
    const { page, scene } = watched;
    await unlock(watched);
    expect(await violationsOn(page)).toEqual([]);
    const [rotate, ...others] = scene.status.jobs;
    await page.getByRole('button', { name: 'Pause rotate' }).click();
    await page.getByRole('status').filter({ hasText: 'rotate: paused.' }).waitFor();
    scene.status.jobs = [{ ...rotate!, paused: { since: null, by: 'the page' } }, ...others];
    await page.getByRole('button', { name: 'Resume rotate' }).click();
    await page.getByRole('status').filter({ hasText: 'rotate: goes on.' }).waitFor();
    scene.answerCommand = () => problem(503, 'PostgreSQL does not answer.');
    await page.getByRole('link', { name: 'Datasets' }).click();
    await page.getByRole('button', { name: 'flights', exact: true }).click();
    await page.getByRole('button', { name: 'Pause flights' }).click();
    await page.getByRole('alert').filter({ hasText: 'flights: PostgreSQL does not' }).waitFor();
    await expect
      .poll(() => scene.commands, PATIENCE)
      .toEqual(['/v1/jobs/rotate/pause', '/v1/jobs/rotate/resume', '/v1/datasets/flights/pause']);
  });

  it('is usable by keyboard alone: the calendar by arrows, dialogs with the focus kept and given back', async () => {
    const watched = await open(WITH_CONTROL);
    const { page } = watched;
    await unlock(watched);
    const focused = (): Promise<string> =>
      page.evaluate<string>(`document.activeElement.getAttribute('aria-label') ?? ''`);
    await page.getByRole('link', { name: 'Overview' }).focus();
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await page.getByRole('button', { name: 'flights', exact: true }).focus();
    await page.keyboard.press('Enter');
    await page.locator('td.day.cold').first().waitFor();
    await page.keyboard.press('Tab');
    expect(await page.evaluate<string>('document.activeElement.textContent')).toBe(
      'Look at its data',
    );
    await page.keyboard.press('Tab');
    expect(await focused()).toBe('Pause flights');
    await page.keyboard.press('Tab');
    expect(await focused()).toMatch(/: live, 16,420 rows hot$/);
    await page.keyboard.press('ArrowLeft');
    expect(await focused()).toMatch(/: hot, 16,420 rows hot$/);
    await page.keyboard.press('PageUp');
    await page.keyboard.press('PageUp');
    expect(await focused()).toMatch(/: cold, 16,420 rows cold in 1 segment$/);
    await page.keyboard.press('End');
    await page.keyboard.press('Home');
    const first = await focused();
    await page.keyboard.press('ArrowUp');
    expect(await focused()).toBe(first);
    await page.keyboard.press('Tab');
    expect(await focused()).toBe('Earlier days of flights');

    await page.getByRole('link', { name: 'Overview' }).focus();
    await page.keyboard.press('Enter');
    await page.getByRole('button', { name: 'Run now: scrub' }).focus();
    await page.keyboard.press('Enter');
    const dialog = page.getByRole('dialog', { name: 'Run scrub now?' });
    await dialog.waitFor();
    for (let presses = 0; presses < 5; presses += 1) {
      await page.keyboard.press('Tab');
      // The body is the browser's own chrome, which a dialog does not keep anybody from.
      const isInside = `document.activeElement.matches('body, dialog, dialog *')`;
      expect(await page.evaluate<boolean>(isInside)).toBe(true);
    }
    expect(await violationsOn(page)).toEqual([]);
    await page.keyboard.press('Escape');
    await dialog.waitFor({ state: 'detached' });
    expect(await focused()).toBe('Run now: scrub');
  });

  it.each([
    ['light', DESKTOP],
    ['dark', DESKTOP],
    ['light', PHONE],
    ['dark', { width: 360, height: 740 }],
    ['light', { width: 320, height: 640 }],
  ] as const)('is readable for everybody, %s at %j', async (colorScheme, viewport) => {
    const { page, scene } = await open(OPEN, { colorScheme, viewport });
    const [rotate, ...others] = scene.status.jobs;
    const running = aRun(Date.now(), { label: 'a day', unit: 'rows', done: 250, total: 1_000 });
    scene.status.jobs = [{ ...rotate!, running }, ...others];
    scene.status.alerts = (['error', 'warning'] as const).map((severity) => ({
      id: severity,
      kind: 'x',
      severity,
      subject: 'flights_stream',
      message: 'is late',
      since: new Date().toISOString(),
      receivers: 1,
      not_told: ['ops'],
    }));
    await page.getByRole('progressbar').waitFor();
    await expect.poll(() => page.locator('.plot canvas').count(), PATIENCE).toBe(3);
    for (const summary of await page.locator('summary').all()) await summary.click();
    const holds = async (): Promise<void> => {
      expect(await violationsOn(page)).toEqual([]);
      expect(await page.evaluate<number>('document.documentElement.scrollWidth')).toBe(
        viewport.width,
      );
      expect(await page.evaluate<readonly string[]>(BURSTING)).toEqual([]);
    };
    await holds();
    await page.getByRole('link', { name: 'Runs' }).click();
    await page.locator('.runs tbody tr').first().waitFor();
    await holds();
    const sources = scene.status.survey!.sources.map((source) => ({
      ...source,
      source: `a_source_with_a_long_name_${source.source}`,
      backlog_entries: 1_234_567,
    }));
    const four = manyDatasets(4).map((dataset) => ({ ...dataset, last_run: aLastRun() }));
    for (const datasets of [[], four, manyDatasets(50)]) {
      scene.status.survey = { ...scene.status.survey!, datasets, sources };
      await page.evaluate(`location.hash = '#/datasets/trades_3'`);
      const row = page.locator('.list tbody th.dataset');
      await expect.poll(() => row.count(), PATIENCE).toBe(Math.min(12, datasets.length));
      if (datasets.length > 0) await page.locator('td.day.cold').first().waitFor();
      await holds();
    }
  });

  it('stands still for who wants no motion', async () => {
    const { page, scene } = await open(OPEN, { reducedMotion: 'reduce' });
    const [rotate, ...others] = scene.status.jobs;
    scene.status.jobs = [{ ...rotate!, running: aRun(Date.now()) }, ...others];
    await page.locator('.connector.rotate.moving').waitFor();
    expect(await page.evaluate<number>('document.getAnimations().length')).toBe(0);
  });
});

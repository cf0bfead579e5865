import { startChromium, openPage, violationsOn } from './test/support/browser.ts';
import { startPageScene } from './test/support/page-scene.ts';
import { manyDatasets } from './test/support/page-documents.ts';
const browser = await startChromium();
const out = '/tmp/str/shots/';
const measure = `(() => { const r=[]; document.querySelectorAll('.for-reader').forEach(e=>e.remove()); if (document.documentElement.scrollWidth>innerWidth) r.push('OVERFLOW '+document.documentElement.scrollWidth+'>'+innerWidth);
 for (const e of document.querySelectorAll('body *')) { const c=getComputedStyle(e); if (e.children.length===0 && e.textContent.trim() && e.scrollWidth>e.clientWidth+1 && c.overflowX!=='visible' && c.display!=='inline') r.push('CLIP '+e.tagName+'.'+e.className+': '+e.textContent.trim().slice(0,50)+' '+c.textOverflow);
  if (e.children.length===0 && e.textContent.trim()) { const b=e.getBoundingClientRect(); if (b.width && (b.right>innerWidth+1||b.left<-1)) { let p=e.parentElement, ok=false; while(p){const o=getComputedStyle(p).overflowX; if(o==='auto'||o==='scroll'){ok=true;break} p=p.parentElement} if(!ok) r.push('OUT '+e.tagName+'.'+e.className+': '+e.textContent.trim().slice(0,40)+' '+Math.round(b.left)+'..'+Math.round(b.right)); } } }
 return r.slice(0,12).concat(['height '+document.documentElement.scrollHeight]) })()`;
const LONG = 'a_dataset_with_the_longest_name_that_there_may_be_of_sixty_three';
async function shoot(name: string, set: (s: any) => void, widths: number[], schemes: string[], views: string[], axe = false) {
  const scene = await startPageScene(); set(scene);
  for (const w of widths) for (const scheme of schemes) {
    const { page, complaints } = await openPage(browser, `${scene.url}#/${views[0]}`, { viewport: { width: w, height: w < 500 ? 700 : 900 }, colorScheme: scheme as any });
    for (const v of views) {
      await page.goto(`${scene.url}#/${v}`); await page.waitForTimeout(900);
      const f = `${name}-${w}-${scheme}-${v.replace(/\W/g, '_')}`;
      await page.screenshot({ path: `${out}${f}.png`, fullPage: true });
      const m: string[] = await page.evaluate(measure) as any; console.log(f, m.join(' ; '));
      if (axe) { const viol = await violationsOn(page); if (viol.length) console.log('  AXE', viol.slice(0, 5).join('\n      ')); }
    }
    if (complaints.length) console.log('  COMPLAINTS', complaints.slice(0, 3));
    await page.context().close();
  }
  await scene.stop();
}
const which = process.argv[2];
if (which === 'a') {
  await shoot('d0', (s) => { s.status.survey = { ...s.status.survey, datasets: [], sources: [] }; s.days = []; s.runs = { runs: [] }; s.status.jobs = []; }, [320, 1440], ['light', 'dark'], ['overview', 'datasets', 'runs']);
  await shoot('none', (s) => { s.status.survey = null; s.days = []; s.runs = { runs: [] }; }, [390], ['light'], ['overview', 'datasets']);
  await shoot('d4', (s) => { s.status.survey = { ...s.status.survey, datasets: manyDatasets(4) }; }, [320, 768, 1440], ['light', 'dark'], ['overview', 'datasets', `datasets/${manyDatasets(1)[0]!.dataset}`, 'runs'], true);
} else if (which === 'b') {
  await shoot('d50', (s) => { s.status.survey = { ...s.status.survey, datasets: manyDatasets(50), sources: Array.from({ length: 50 }, (_, i) => ({ ...s.status.survey.sources[0], source: 'src' + i })) }; }, [320, 390, 1024, 1440], ['light', 'dark'], ['overview', 'datasets', 'runs'], true);
  await shoot('long', (s) => { const now = Date.now(); s.status.survey = { ...s.status.survey, datasets: manyDatasets(3).map((d: any, i: number) => ({ ...d, dataset: LONG.slice(0, 62) + i, table: `"a schema with a long name".${LONG}`, hot: d.hot && { ...d.hot, rows: 9_876_543_210_123, bytes: 9.87e15 } })) };
    s.status.holder = 'a-very-long-host-name.eu-central-1.compute.internal:1234567:90a552'; s.status.leader = s.status.holder; s.status.config.file = '/srv/a/very/long/path/'.repeat(6) + 'unified_config.yaml'; s.status.config.reload_error = 'datasets.social.hot_days (line 12): found "ten", expected a whole number of days from 0 to 36,500';
    s.status.alerts = [1, 2, 3].map((i) => ({ id: 'x' + i, kind: 'store_unreachable', severity: i === 1 ? 'error' : 'warning', subject: LONG + i, message: `the lake can't be used, and nothing is rotated: /tmp/str/data_lake/${'deep/'.repeat(30)}cold_storage has no _tierd_lake.json, so it is not the lake that the ledger knows. Nothing was read, written or deleted.`, since: new Date(now - 1e7).toISOString(), not_told: ['ops'] })); }, [320, 768, 1440], ['light', 'dark'], ['overview', 'datasets', `datasets/${LONG.slice(0, 62)}0`], true);
} else {
  // the real daemon
  for (const [w, scheme] of [[1440, 'light'], [320, 'dark'], [768, 'light']] as const) {
    const { page, complaints } = await openPage(browser, 'http://127.0.0.1:59464/#/overview', { viewport: { width: w, height: 900 }, colorScheme: scheme });
    for (const v of ['overview', 'datasets', 'datasets/market_data', 'runs', 'ask', 'query']) { await page.goto(`http://127.0.0.1:59464/#/${v}`); await page.waitForTimeout(1500); await page.screenshot({ path: `${out}real-${w}-${scheme}-${v.replace(/\W/g, '_')}.png`, fullPage: true }); console.log('real', w, v, ((await page.evaluate(measure)) as string[]).join(' ; ')); }
    console.log(complaints.slice(0, 4)); await page.context().close();
  }
}
await browser.close();

/** Pages in one Chromium, which a suite starts and closes. */
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, onTestFinished } from 'vitest';
import { openPage, startChromium, type WatchedPage } from './browser.ts';
import { type PageScene, startPageScene } from './page-scene.ts';

type SceneTokens = Parameters<typeof startPageScene>[0];
type PageOptions = Parameters<typeof openPage>[2];
type OpenScene = (
  tokens?: SceneTokens,
  options?: PageOptions,
  view?: string,
) => Promise<WatchedPage & { readonly scene: PageScene }>;

/** Opens pages on scenes of their own, which end with the test; these tokens and this view unless it says others. */
export function scenesInChromium(usual: { tokens: SceneTokens; view: string }): OpenScene {
  const browser = chromiumOfSuite();
  return async (tokens = usual.tokens, options = {}, view = usual.view) => {
    const scene = await startPageScene(tokens);
    const watched = await openPage(browser(), `${scene.url}#/${view}`, options);
    onTestFinished(async () => {
      await watched.page.context().close();
      await scene.stop();
    });
    return { ...watched, scene };
  };
}

/** There from the suite's first test on. */
export function chromiumOfSuite(): () => Browser {
  let browser: Browser;
  beforeAll(async () => {
    browser = await startChromium();
  });
  afterAll(() => browser.close());
  return () => browser;
}

/** Suites that take a minute and more. In CI a seventh of them has its turn in each run; elsewhere, and with TIERD_TEST_SUITES=all, all have. */
import { existsSync, readdirSync } from 'node:fs';
import { randomFrom, SEED } from '../crash/choose-effects.ts';
import { isCi } from './missing-mark.ts';

const OF_E2E = [
  'adopt',
  'attach-drops',
  'attach-generated',
  'attach-in-place',
  'compact',
  'daemon',
  'daemon-alerts',
  'daemon-clock',
  'daemon-control',
  'daemon-lake',
  'daemon-leader',
  'daemon-outages',
  'daemon-stop',
  'daemon-waits',
  'dead-mount',
  'ends-told',
  'expire',
  'in-place-instants',
  'install',
  'lake-copy',
  'lake-rename',
  'locks',
  'outage-lines',
  'page',
  'page-ask',
  'query-http',
  'query-one-instant',
  'query-process',
  'query-shell',
  'query-warm',
  'read-only-server',
  'restore',
  'restore-one-instant',
  'rotate',
  's3',
  'tier',
].map((name) => `test/e2e/${name}.test.ts`);

const OF_INTEGRATION = [
  'adopt/adopt',
  'adopt/manifest',
  'adopt/restored',
  'cli/lake-away',
  'compact/compact',
  'correct/correct',
  'delete/delete',
  'drain/faults',
  'drain/moving-cluster',
  'expire/by-interval',
  'expire/expire',
  'lake-copy/bucket',
  'lake-copy/copy',
  'lake-copy/killed',
  'lake-copy/switch',
  'query/live-cli',
  'query/live-cluster',
  'query/live-rows',
  'rename/killed',
  'rename/rename',
  'restore/given-tables',
  'restore/side-by-side',
  'restore/some-rows',
  'rotate/large-values',
  'rotate/parts-replaced',
  'rotate/rows-again',
  'rotate/rows-again-exactly',
  's3/job-faults',
  's3/rotate-faults',
  'tiers/bucket',
  'tiers/places',
  'tiers/tier',
].map((name) => `test/integration/${name}.test.ts`);

const SHARE = 1 / 7;

export interface SuitesLeftOut {
  readonly suites: readonly string[];
  /** Chooses the same ones again. */
  readonly seed: number;
  /** How many there are of this kind. */
  readonly long: number;
}

/** Throws where one that is named here is no file. */
export function chooseLongSuites(): SuitesLeftOut {
  const named = [...OF_E2E, ...OF_INTEGRATION];
  const lost = named.filter((file) => !existsSync(file));
  if (lost.length > 0) throw new Error(`no such suite: ${lost.join(', ')}`);
  const ofCrash = readdirSync('test/crash').filter((file) => file.endsWith('.test.ts'));
  const long = [...named, ...ofCrash.sort().map((file) => `test/crash/${file}`)];
  if (!isCi() || process.env['TIERD_TEST_SUITES'] === 'all') {
    return { suites: [], seed: SEED, long: long.length };
  }
  const random = randomFrom(SEED);
  return { suites: long.filter(() => random() >= SHARE), seed: SEED, long: long.length };
}

/**
 * The connection is cut at each statement of a rotation (another quarter of them in each run), before the server
 * gets it and after it has answered. The run goes on or says what happened; no row is lost; the next run leaves nothing over.
 */
import { describe, expect, it } from 'vitest';
import { TierdError } from '../../src/domain/errors.ts';
import { connect } from '../../src/hot/server/connect.ts';
import {
  expectConverged,
  expectNothingLost,
  openScene,
  rotateForced,
  type Scene,
  type SceneOptions,
} from '../integration/faults/scene.ts';
import { describeOn } from '../support/servers.ts';
import { openProxy, type Verdict } from '../support/tcp-proxy.ts';
import { randomFrom, SEED } from './choose-effects.ts';

/** What a lost connection may be told as. What nobody foresaw would be INTERNAL. */
const EXPECTED = new Set(['POSTGRES_UNREACHABLE', 'OUTCOME_UNKNOWN', 'LEASE_HELD']);

/** The seed is chosen anew in each run, and printed; all with TIERD_TEST_KILLS=all. */
function anotherQuarter(labels: readonly string[]): readonly string[] {
  if (process.env['TIERD_TEST_KILLS'] === 'all') return labels;
  const random = randomFrom(SEED);
  return labels.filter(() => random() < 1 / 4);
}

/** Statements that differ in names and numbers only are one. */
const labelOf = (sql: string): string =>
  sql
    .replaceAll(/'[^']*'|"[^"]*"|\$?\b\d+\b|ticks_\d+/g, '?')
    .replaceAll(/\s+/g, ' ')
    .slice(0, 120);

function cutEverywhere(kind: NonNullable<SceneOptions['kind']>): void {
  it.each(['cut before', 'cut after'] as const)(
    `${kind}, at each statement (%s): loses and doubles no row`,
    async (verdict) => {
      const { bench } = await openScene({ kind });
      const labels = await rotateCut(await openScene({ kind, bench }), null, 'pass');
      expect(labels.length).toBeGreaterThan(20);
      for (const label of anotherQuarter(labels)) {
        await rotateCut(await openScene({ kind, bench }), label, verdict);
      }
    },
  );
}

/** Rotates once with a cut at the first statement of that label; gives the labels met. */
async function rotateCut(
  scene: Scene,
  at: string | null,
  verdict: Verdict,
): Promise<readonly string[]> {
  const proxy = await openProxy(scene.database.url);
  const met = new Set<string>();
  proxy.onStatement((sql) => {
    const label = labelOf(sql);
    const isFirst = !met.has(label);
    met.add(label);
    return isFirst && label === at ? verdict : 'pass';
  });
  const told = `seed ${String(SEED)}, ${verdict}: ${at ?? ''}`;
  const rooms = {
    ...scene.rooms,
    settings: { ...scene.rooms.settings, leaseTtlMs: 500 },
    connect: () => connect({ url: proxy.url, job: 'test' }),
  };
  try {
    await rotateForced(rooms, scene.dataset);
  } catch (error) {
    if (!(error instanceof TierdError)) throw error;
    expect(EXPECTED.has(error.code), `${told}: ${error.code} ${error.message}`).toBe(true);
    expect(error.hint, told).toBeDefined();
  }
  await expectNothingLost(scene, told);
  await expectConverged(scene, told);
  await scene.client.end();
  return [...met];
}

describe('a rotation whose connection is cut (I1, I4, I9)', () => {
  cutEverywhere('plain');
});

describeOn('timescale', 'a rotation of a hypertable whose connection is cut (I1, I4, I9)', () => {
  cutEverywhere('hypertable');
});

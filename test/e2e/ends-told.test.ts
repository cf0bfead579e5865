/** How a run ended is told alike by its exit code, its words, the history and the alert. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { fillTicks, makeDaemon, PATIENCE, said, stopped } from '../support/daemon.ts';
import { createTestDatabase } from '../support/database.ts';
import { makeWorkspace } from '../support/workspace.ts';

const COMMON = `
storage: { lifecycle: { guards: { max_share: 0.6, max_share_min_rows: 0 } } }
daemon: { lease_ttl: 4s, circuit_failures: 2 }
server: { port: 0, survey_interval: 1s }
alerts:
  settle: 0s
  commands: { pager: { command: 'cat >> told; echo >> told', kinds: [job_failed, job_refused, job_resting, unknown_files, bad_segment] } }`;

interface Told {
  readonly event: string;
  readonly kind: string;
  readonly message: string;
  readonly host: string;
  readonly database: string;
}

function toldIn(directory: string): readonly Told[] {
  const file = join(directory, 'told');
  if (!existsSync(file)) return [];
  const lines = readFileSync(file, 'utf8').split('\n').filter(Boolean);
  return lines.map((line) => JSON.parse(line) as Told);
}

describe('a rotation of which a guard refuses one dataset', () => {
  it('is told as what it is: rows that moved, who was refused and why, and what next', async () => {
    const database = await createTestDatabase();
    await fillTicks(database, { dueDays: 1, rows: 10 });
    await fillTicks(database, { dueDays: 2, rows: 10, table: 'many' });
    const scene = await makeDaemon(
      database,
      `${COMMON}\nschedules: { rotate: { every: 1s, retries: 0 } }`,
      '  ticks: { time_column: ts }\n  many: { time_column: ts }',
    );
    const daemon = scene.run();
    await expect.poll(() => toldIn(scene.workspace.directory), PATIENCE).not.toEqual([]);
    // Refused again and again: a guard that does its duty is no reason to leave the job alone.
    await expect.poll(async () => (await scene.runs('rotate')).length, PATIENCE).toBeGreaterThan(4);
    await stopped(daemon);
    const told = toldIn(scene.workspace.directory);
    expect(told.map(({ event, kind }) => `${event} ${kind}`)).toEqual(['firing job_refused']);
    expect(told[0]?.message).toMatch(
      /^rotate did a part of its work, and guards refused the rest: 10 rows were moved\. Not done: many: the rotation of many is refused: .*66\.7 %.* Nothing of it was changed\. Next: /,
    );
    expect(told[0]?.database).toContain(new URL(database.url).pathname);
    expect(told[0]?.host).not.toBe('');
    const [first] = await scene.runs('rotate');
    expect(first).toMatchObject({ state: 'partly', error_code: 'REFUSED' });
    expect(first?.error_message).toContain('10 rows were moved. Not done: many: ');
    expect(await scene.hotRows('many')).toBe(30);
  });
});

describe('a scrub that finds only files of others', () => {
  it('exits with 1, has not failed, and is told of by itself', async () => {
    const database = await createTestDatabase();
    await fillTicks(database, { dueDays: 1, rows: 10 });
    const scene = await makeDaemon(
      database,
      `${COMMON}\nschedules: { rotate: { cron: "0 0 29 2 *" }, scrub: { every: 1s } }`,
    );
    const { tierd, lake, directory } = scene.workspace;
    expect(await tierd('rotate')).toMatchObject({ exitCode: 0 });
    writeFileSync(join(lake, 'ticks', 'foreign.parquet'), 'x');
    const byHand = await tierd('scrub');
    expect(byHand.exitCode).toBe(1);
    expect(byHand.stdout).toContain('1 file is not in this ledger, so its rows are not found');
    const history = await tierd('jobs', 'history', 'scrub');
    expect(history.stdout).toMatch(
      /scrub .* done: 1 file is not known to this ledger; nothing is damaged +by hand/,
    );

    const daemon = scene.run();
    await expect.poll(() => toldIn(directory), PATIENCE).not.toEqual([]);
    await expect.poll(async () => (await scene.runs('scrub')).length, PATIENCE).toBeGreaterThan(3);
    await said(daemon, /scrub: done/);
    await stopped(daemon);
    expect(toldIn(directory).map(({ kind }) => kind)).toEqual(['unknown_files']);
    expect(toldIn(directory)[0]?.message).toMatch(/left alone: ticks\/foreign\.parquet\. Next/);
    expect(new Set((await scene.runs('scrub')).slice(0, -1).map(({ state }) => state))).toEqual(
      new Set(['done']),
    );
  });
});

describe('tierd status', () => {
  it('of which every dataset errs exits with 1, of which one does with 4, and says the same', async () => {
    const database = await createTestDatabase();
    await fillTicks(database, { dueDays: 0, rows: 10 });
    const workspace = makeWorkspace(
      database,
      '  ticks: { time_column: ts }\n  absent: { time_column: ts }',
    );
    await workspace.tierd('migrate');
    const some = await workspace.tierd('status');
    expect(some.exitCode).toBe(4);
    expect(some.stdout).toContain('exit 4');
    const none = await workspace.tierd('status', 'absent');
    expect(none.exitCode).not.toBe(0);
    expect(none.stdout).toContain(`exit ${String(none.exitCode)}`);
  });
});

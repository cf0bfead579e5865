/** A lake with damaged segments, asked in every way: what fails, who is told, and what may be had without them. */
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { TierdClient } from '../../src/client/client.ts';
import { systemClock } from '../../src/domain/time/clock.ts';
import { countFindings } from '../../src/ledger/scrub-findings.ts';
import { runInside, TIERD } from '../support/cli.ts';
import { PATIENCE } from '../support/daemon.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { type RunningTierd, startTierd } from '../support/workspace.ts';

const TOKEN = 'query-token-0123456789';

let database: TestDatabase;
let directory: string;
let daemon: RunningTierd;
let origin: string;
let damaged: string;
let whole: Buffer;

const tierd = (...argv: string[]) =>
  runInside(argv, { workingDirectory: directory, clock: systemClock });

const damagedInStatus = async () => {
  const { stdout } = await tierd('status');
  return stdout.split('\n').filter((line) => line.startsWith('damaged'));
};

/** What status and alerts are made of. */
const badSegments = async () => Object.fromEntries(await countFindings(await database.connect()));

beforeAll(async () => {
  database = await createTestDatabase();
  await database.query(
    `create table ticks (ts timestamptz not null, id int not null);
     insert into ticks
     select date_trunc('day', now(), 'UTC') - d * interval '24 hours' + n * interval '1 minute', n
     from unnest(array[3, 40, 41]) d, generate_series(1, 100) n`,
  );
  // Not one that goes with the first test.
  directory = join(process.env['TMPDIR'] ?? '/tmp', `${database.name}-damaged`);
  mkdirSync(join(directory, 'spill'), { recursive: true });
  writeFileSync(
    join(directory, 'unified_config.yaml'),
    `
postgres: { url: "${database.url}" }
lake: { type: local, path: lake, min_free: 0MB }
maintenance: { temp_dir: spill, threads: 1, memory_limit: 256MB }
server: { port: 0, query_token: ${TOKEN}, status_token: status-token-0123456789 }
datasets:
  ticks: { time_column: ts }
`,
  );
  for (const argv of [['migrate'], ['rotate', '--force', '--quiet']]) {
    const { exitCode, stderr } = await tierd(...argv);
    expect(exitCode, stderr).toBe(0);
  }
  const lake = join(directory, 'lake');
  const [first = ''] = readdirSync(lake, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.parquet'))
    .sort();
  damaged = join(lake, first);
  whole = readFileSync(damaged);
  const spoilt = Buffer.from(whole);
  // Where Parquet's own words begin: the engine says of it what it says, and no name.
  const footer = spoilt.length - 8 - spoilt.readUInt32LE(spoilt.length - 8);
  writeFileSync(damaged, spoilt.fill(0xff, footer, footer + 20));
  daemon = startTierd(process.execPath, [TIERD, 'run'], directory);
  await vi.waitFor(() => expect(daemon.stderr()).toContain('the status page is at'), PATIENCE);
  origin = /the status page is at (\S+)\/$/m.exec(daemon.stderr())?.[1] ?? '';
});

afterAll(async () => {
  daemon.child.kill('SIGTERM');
  expect(await daemon.ended, daemon.stderr()).toBe(0);
  rmSync(directory, { recursive: true });
});

function ask(path: string, body?: unknown): Promise<Response> {
  return fetch(`${origin}${path}`, {
    method: body === undefined ? 'GET' : 'POST',
    headers: {
      authorization: `Bearer ${TOKEN}`,
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
}

const COUNT = 'select count(*)::int as n from ticks';

describe('a damaged segment', () => {
  it('fails the query by name, and is noted for status and alerts', async () => {
    expect(await badSegments()).toEqual({});
    const response = await ask('/v1/query', { sql: COUNT });
    expect(response.status).toBe(500);
    expect(await response.json()).toMatchObject({
      code: 'SEGMENT_UNREADABLE',
      detail: expect.stringMatching(/ticks_\S+\.parquet is altered/),
    });
    expect(await badSegments()).toEqual({ ticks: 1 });
    expect(await damagedInStatus()).toEqual([
      'damaged ticks: 1 segment of the lake is missing or altered; `tierd scrub` tells which, and what to do',
    ]);
    const { stdout } = await tierd('status', '--json');
    expect(JSON.parse(stdout)).toMatchObject({ datasets: [{ cold: { bad_segments: 1 } }] });
    const { exitCode, stderr } = await tierd('query', COUNT);
    expect(exitCode).toBe(1);
    expect(stderr).toContain('--on-bad-segment skip');
    expect((await tierd('query', 'select count(*) from hot.ticks')).exitCode).toBe(0);
  });

  it('is left out over HTTP where that is asked for, never from memory, and the headers say so', async () => {
    for (const attempt of [1, 2]) {
      const response = await ask('/v1/query', { sql: COUNT, on_bad_segment: 'skip' });
      expect([attempt, await response.text()]).toEqual([attempt, '[\n{"n":200}\n]\n']);
      expect(response.headers.get('tierd-segments-skipped')).toBe('1');
      expect(response.headers.get('tierd-skipped')).toMatch(/ticks\/.*\.parquet$/);
      expect(response.headers.get('tierd-cache')).toBe('miss');
    }
    for (const path of ['rows?', 'latest?', 'bars?price=id&', 'aggregate?fn=count&']) {
      const asked = `/v1/datasets/ticks/${path}format=ndjson&on_bad_segment=`;
      const skipped = await ask(`${asked}skip`);
      expect(skipped.status, await skipped.clone().text()).toBe(200);
      const left = skipped.headers.get('tierd-segments-skipped');
      // The latest rows lie in PostgreSQL alone.
      expect([path, left]).toEqual([path, path === 'latest?' ? null : '1']);
      expect((await ask(`${asked}ignore`)).status).toBe(400);
    }
    const client = new TierdClient({ url: origin, token: TOKEN });
    const answer = client.query(COUNT, { onBadSegment: 'skip' });
    expect(await answer.head()).toMatchObject({ segmentsSkipped: 1, segmentsRead: 1, segments: 2 });
    await expect(client.queryToArray(COUNT)).rejects.toMatchObject({ code: 'SEGMENT_UNREADABLE' });
  });

  it('is left out on the command line, which says so even when it is to be quiet', async () => {
    for (const more of [[], ['--quiet']]) {
      const { exitCode, stdout, stderr } = await tierd(
        ...['query', COUNT, '--on-bad-segment', 'skip', '--format', 'csv', ...more],
      );
      expect({ exitCode, stdout }).toEqual({ exitCode: 0, stdout: 'n\r\n200\r\n' });
      expect(stderr).toMatch(
        /this is not the whole answer: 1 damaged segment was left out, with 100 rows: ticks/,
      );
    }
    const shell = await runInside(['query', '-i', '--format', 'csv', '--on-bad-segment', 'skip'], {
      workingDirectory: directory,
      clock: systemClock,
      stdin: `${COUNT};\n`,
    });
    expect(shell.stdout).toContain('200');
    expect(shell.stderr).toContain('this is not the whole answer');
  });

  it('that lies there again as it was is read, and no longer told of', async () => {
    writeFileSync(damaged, whole);
    const response = await ask('/v1/query', { sql: COUNT, on_bad_segment: 'skip' });
    expect(await response.text()).toBe('[\n{"n":300}\n]\n');
    expect(response.headers.get('tierd-segments-skipped')).toBeNull();
    expect(await badSegments()).toEqual({});
    expect(await damagedInStatus()).toEqual([]);
  });
});

/** What docs/postgres-face.md has people write in Grafana and pandas is answered as PostgreSQL answers it. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import {
  connectTo,
  type FaceDaemon,
  PASSWORD,
  startFaceDaemon,
  USER,
} from '../support/face-daemon.ts';
import { expandMacros } from '../support/grafana-macros.ts';
import { endHttpDaemon } from '../support/http-daemon.ts';
import { describeOn, servers } from '../support/servers.ts';

const page = readFileSync('docs/postgres-face.md', 'utf8');
const blocksOf = (language: string): readonly string[] =>
  [...page.matchAll(new RegExp(`\`\`\`${language}\\n([\\s\\S]*?)\`\`\``, 'g'))].map(
    ([, block = '']) => block,
  );

let database: TestDatabase;
let daemon: FaceDaemon;

beforeAll(async () => {
  database = await createTestDatabase();
  await database.query(`
    create table market_data ("timestamp" timestamptz not null, symbol text collate "C", close numeric(12,4), volume bigint);
    insert into market_data select date_trunc('day', now(), 'UTC') - n * interval '7 hours', 'S' || n % 3, n * 0.25, n from generate_series(1, 140) n;
    create table whole as table market_data`);
  daemon = await startFaceDaemon(database, {
    datasets: '  market_data: { time_column: timestamp }',
  });
  const { rows } = await database.query('select count(*)::int as hot from market_data');
  expect(rows).not.toEqual([{ hot: 140 }]);
});

afterAll(() => endHttpDaemon(daemon));

describe('the documented query of Grafana', () => {
  const [query = ''] = blocksOf('sql').filter((block) => block.includes('$__'));

  it('has its series over hot and cold', async () => {
    const to = new Date();
    const from = new Date(to.getTime() - 60 * 86_400_000);
    const sql = expandMacros(query, { from, to, intervalMs: 86_400_000, timescale: false });
    const face = await connectTo(daemon);
    const postgres = new pg.Client({
      connectionString: database.url,
      types: { getTypeParser: () => (value: unknown) => value },
    });
    await postgres.connect();
    const { rows } = await postgres.query(sql.replace('market_data', 'whole'));
    expect(rows.length).toBeGreaterThan(100);
    expect((await face.query(sql)).rows).toEqual(rows);
    await Promise.all([face.end(), postgres.end()]);
  });
});

describeOn('python', 'the documented lines of pandas', () => {
  it('come to what they come to on PostgreSQL', () => {
    const lines = `${blocksOf('python').join('\n')}\nprint(days.to_csv())`;
    const run = (url: string, program: string): string => {
      expect(program).toContain(DOCUMENTED);
      return execFileSync(servers().python ?? '', ['-c', program.replace(DOCUMENTED, url)], {
        encoding: 'utf8',
        env: { ...process.env, PGOPTIONS: '-c timezone=UTC -c datestyle=ISO' },
      });
    };
    const face = `postgresql+psycopg://${USER}:${encodeURIComponent(PASSWORD)}@127.0.0.1:${String(daemon.port)}/tierd`;
    const given = run(face, lines);
    expect(given).toMatch(/^140 9870\n/);
    const postgres = database.url.replace(/^\w+:/, 'postgresql+psycopg:');
    expect(given).toBe(run(postgres, lines.replaceAll('market_data', 'whole')));
  });
});

const DOCUMENTED = 'postgresql+psycopg://grafana:PASSWORD@127.0.0.1:5433/tierd';

/** The role that config/compose_roles.sh makes, on a real server. */
import { readFileSync } from 'node:fs';
import pg from 'pg';
import { describe, expect, it } from 'vitest';
import { systemClock } from '../../../src/domain/time/clock.ts';
import { runInside } from '../../support/cli.ts';
import { directoryWith } from '../../support/config-file.ts';
import { startPostgres } from '../../support/postgres-server.ts';

const SCRIPT = readFileSync(new URL('../../../config/compose_roles.sh', import.meta.url), 'utf8');

describe('the role of compose.yaml', () => {
  it('is no superuser, and has all that a rotation of tables of its own needs', async () => {
    const server = await startPostgres();
    try {
      const root = new pg.Client(server.url);
      await root.connect();
      await root.query('create database trading');
      await root.end();
      const url = new URL(server.url);
      url.pathname = '/trading';
      const admin = new pg.Client(url.href);
      await admin.connect();
      const [, statements = ''] = /<<'SQL'\n([\s\S]*)\nSQL/.exec(SCRIPT) ?? [];
      const written = statements
        .replaceAll(`:'password'`, `'p'`)
        .replaceAll(`:"database"`, '"trading"');
      await admin.query(written);
      const roles = await admin.query(
        `select rolsuper, rolcreaterole, rolcreatedb from pg_roles where rolname = 'tierd'`,
      );
      expect(roles.rows).toEqual([{ rolsuper: false, rolcreaterole: false, rolcreatedb: false }]);
      await admin.end();
      url.username = 'tierd';
      url.password = 'p';
      const tierd = new pg.Client(url.href);
      await tierd.connect();
      await tierd.query('create table ticks (ts timestamptz not null, price float8)');
      await tierd.query(
        "insert into ticks select now() - interval '40 days', n from generate_series(1, 9) n",
      );
      await tierd.end();
      const workingDirectory = directoryWith({
        'unified_config.yaml': `
postgres: { url: "${url.href}" }
lake: { type: local, path: lake }
datasets: { ticks: { time_column: ts, guards: { max_share: 1 } } }
`,
      });
      for (const argv of [['migrate'], ['rotate', '--quiet']]) {
        const run = await runInside(argv, { workingDirectory, clock: systemClock });
        expect(run.exitCode, run.stdout + run.stderr).toBe(0);
      }
    } finally {
      await server.remove();
    }
  });
});

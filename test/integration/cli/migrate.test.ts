import { join } from 'node:path';
import { beforeAll, expect, it } from 'vitest';
import { runInside } from '../../support/cli.ts';
import { directoryWith } from '../../support/config-file.ts';
import { createTestDatabase, type TestDatabase } from '../../support/database.ts';

let database: TestDatabase;

beforeAll(async () => {
  database = await createTestDatabase();
});

/** Runs against a pooler's address that leads nowhere: migrations take the direct one. */
function tierd(...argv: string[]) {
  const directory = directoryWith({
    'tierd.yaml': `
postgres: { url: "postgres://nobody@127.0.0.1:1/x", direct_url: "\${DIRECT_URL}" }
lake: { type: local, path: lake }
datasets: { news: { time_column: t } }
`,
  });
  const env = { DIRECT_URL: database.url };
  return runInside(['--config', join(directory, 'tierd.yaml'), ...argv], { env });
}

it('shows what is pending, applies it once, and then has nothing to do', async () => {
  const before = await tierd('migrate', 'status', '--json');
  const { applied, pending } = JSON.parse(before.stdout) as Record<string, string[]>;
  expect(applied).toEqual([]);
  expect(pending).toContain('0001_ledger');
  expect((await tierd('migrate', 'status')).stdout).toContain('Run `tierd migrate`');
  const looked = await database.query(`select to_regnamespace('tierd') as schema`);
  expect(looked.rows).toEqual([{ schema: null }]);

  const up = await tierd('migrate', '--json');
  expect(up).toMatchObject({ exitCode: 0, stderr: '' });
  expect(JSON.parse(up.stdout)).toEqual({ applied: pending });

  expect((await tierd('migrate')).stdout).toBe('The ledger is up to date.\n');
  const after = await tierd('migrate', 'status', '--json');
  expect(JSON.parse(after.stdout)).toEqual({ applied: pending, pending: [] });
});

it('a role that may not create the schema is told so', async () => {
  await database.query('drop schema tierd cascade');
  const role = `${database.name}_reader`;
  await database.query(`create role ${role} login password 'x'`);
  const url = new URL(database.url);
  url.username = role;
  url.password = 'x';
  const directory = directoryWith({
    'tierd.yaml': `
postgres: { url: "\${URL}" }
lake: { type: local, path: lake }
datasets: { news: { time_column: t } }
`,
  });
  try {
    const result = await runInside(['--config', join(directory, 'tierd.yaml'), 'migrate'], {
      env: { URL: url.href },
    });
    expect(result).toMatchObject({ exitCode: 1, stdout: '' });
    expect(result.stderr).toContain('PERMISSION_DENIED');
    expect(result.stderr).toContain('tierd doctor');
  } finally {
    await database.query(`drop role ${role}`);
  }
});

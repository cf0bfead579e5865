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

/** A role without any right, and tierd as that role. */
async function asFreshRole(
  name: string,
  work: (role: string, tierd: (...argv: string[]) => ReturnType<typeof runInside>) => Promise<void>,
): Promise<void> {
  const role = `${database.name}_${name}`;
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
    await work(role, (...argv) =>
      runInside(['--config', join(directory, 'tierd.yaml'), ...argv], { env: { URL: url.href } }),
    );
  } finally {
    await database.query(`drop owned by ${role} cascade; drop role ${role}`);
  }
}

it('a role that may not create the schema is told so', async () => {
  await database.query('drop schema tierd cascade');
  await asFreshRole('reader', async (_role, asRole) => {
    const result = await asRole('migrate');
    expect(result).toMatchObject({ exitCode: 1, stdout: '' });
    expect(result.stderr).toContain('PERMISSION_DENIED');
    expect(result.stderr).toContain('tierd doctor');
  });
});

it('what doctor advises for a role without rights is all that migrate needs', async () => {
  await database.query('drop schema if exists tierd cascade');
  await asFreshRole('owner', async (_role, asRole) => {
    const { checks } = JSON.parse((await asRole('doctor', '--json')).stdout) as {
      checks: { name: string; advice?: string }[];
    };
    const advice = checks.find(({ name }) => name === 'ledger_rights')?.advice ?? '';
    expect(advice).toMatch(/^as a superuser: create schema /);
    await database.query(advice.replace('as a superuser: ', ''));

    expect(await asRole('migrate')).toMatchObject({ exitCode: 0, stderr: '' });
    // Nor does a later run, with nothing to do, ask for a right to create schemas.
    expect(await asRole('migrate')).toMatchObject({
      exitCode: 0,
      stdout: 'The ledger is up to date.\n',
    });
  });
});

it('a role that was granted the empty schema of another migrates it', async () => {
  await database.query('drop schema if exists tierd cascade; create schema tierd');
  await asFreshRole('grantee', async (role, asRole) => {
    await database.query(`grant usage, create on schema tierd to ${role}`);
    expect(await asRole('migrate')).toMatchObject({ exitCode: 0, stderr: '' });
  });
});

it('a role that may only use the schema of another is told what it lacks, by doctor as well', async () => {
  await database.query('drop schema if exists tierd cascade; create schema tierd');
  await asFreshRole('user', async (role, asRole) => {
    await database.query(`grant usage on schema tierd to ${role}`);
    const { exitCode, stderr } = await asRole('migrate');
    expect(exitCode).toBe(1);
    expect(stderr).toContain(`may not create tables in schema tierd; nothing was changed`);
    expect(stderr).toContain(`grant usage, create on schema tierd to ${role}`);
    expect(stderr).not.toMatch(/^ +at /m);
    const { checks } = JSON.parse((await asRole('doctor', '--json')).stdout) as {
      checks: { name: string; advice?: string }[];
    };
    expect(checks.find(({ name }) => name === 'ledger')?.advice).toMatch(
      /^do what `ledger_rights`/,
    );
  });
});

it('of several at once one migrates, and the others wait and find nothing to do', async () => {
  await database.query('drop schema if exists tierd cascade');
  const runs = await Promise.all([1, 2, 3].map(() => tierd('migrate', '--json')));
  expect(runs.map(({ exitCode, stderr }) => ({ exitCode, stderr }))).toEqual(
    runs.map(() => ({ exitCode: 0, stderr: '' })),
  );
  const applied = runs.map(({ stdout }) => (JSON.parse(stdout) as { applied: string[] }).applied);
  expect(applied.filter((names) => names.length > 0)).toHaveLength(1);
});

/** The commands of docs/operations.md and of the README, as they are typed. */
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { directoryWith } from '../support/config-file.ts';
import { createTestDatabase } from '../support/database.ts';
import { runInPrivateRoot } from '../support/private-root.ts';
import { describeOn } from '../support/servers.ts';

const CHECKOUT = fileURLToPath(new URL('../..', import.meta.url));
const INSTALL = readFileSync(join(CHECKOUT, 'docs/operations.md'), 'utf8').split('### ')[0] ?? '';
const [COMMANDS = '', YAML = '', BY_HAND = ''] = [
  ...INSTALL.matchAll(/^```(?:sh|yaml)\n(.*?)^```/gms),
].map(([, block]) => block ?? '');

/** What `npm ci && npm run build && npm prune` leaves, without waiting for it again. */
function prunedCheckout(directory: string): string {
  const found = execFileSync('npm', ['ls', '--omit=dev', '--all', '--parseable'], {
    cwd: CHECKOUT,
    encoding: 'utf8',
  });
  const packages = found.split('\n').map((path) => relative(CHECKOUT, path));
  const checkout = join(directory, 'checkout');
  mkdirSync(checkout);
  for (const path of ['dist', 'migrations', 'config', 'systemd', 'package.json']) {
    cpSync(join(CHECKOUT, path), join(checkout, path), { recursive: true });
  }
  for (const path of packages.filter((each) => each !== '')) {
    cpSync(join(CHECKOUT, path), join(checkout, path), { recursive: true });
  }
  return checkout;
}

describeOn('mounts', 'installing as docs/operations.md says', () => {
  it('gives a tierd on the PATH that its own user can run, with a lake of its own', async () => {
    const database = await createTestDatabase();
    await database.query('create table ticks (ts timestamptz not null, price float8)');
    await database.query(
      "insert into ticks select now() - interval '40 days' from generate_series(1, 9)",
    );
    const directory = directoryWith({});
    const [npm = '', ...commands] = COMMANDS.split('\n');
    expect(npm).toMatch(/^npm ci && npm run build && npm prune/);
    const typed = commands.join('\n').replace('postgres://tierd@db.internal/trading', database.url);
    const configuration = `${YAML}datasets: { ticks: { time_column: ts, guards: { max_share: 1 } } }`;
    // The tests' server is not durable, which a doctor does not let pass.
    const byHand = BY_HAND.replace(/^systemctl .*$/m, '').replace(/ doctor$/m, '$& || true');
    const script = `set -e
${typed}
cat > /etc/tierd/unified_config.yaml <<'YAML'
${configuration}
YAML
exec 3>&1 >&2
${byHand}
runuser -u tierd -- tierd rotate --quiet
exec >&3
runuser -u tierd -- tierd query 'select count(*) as n from cold.ticks' --json
stat --format '%U %a' /var/lib/tierd/data_lake /etc/tierd/postgres_url`;
    const scratch = join(directory, 'scratch');
    mkdirSync(scratch);
    const printed = await runInPrivateRoot(scratch, {
      script,
      workingDirectory: prunedCheckout(directory),
    });
    expect(printed).toContain('{"n":9}');
    expect(printed).toMatch(/^tierd 7\d0$/m);
    expect(printed).toMatch(/^root 640$/m);
  });
});

const USE = /^## Use it\n.*?^```sh\n(.*?)^```/ms.exec(
  readFileSync(join(CHECKOUT, 'README.md'), 'utf8'),
);

describe('the commands of the README', () => {
  it('do what they say, one after the other, on the tables of the example', async () => {
    const database = await createTestDatabase();
    await database.query(readFileSync(join(CHECKOUT, 'config/drain_tables.sql'), 'utf8'));
    await database.query('create table news (published_at timestamptz not null)');
    await database.query(
      `insert into market_data (symbol, interval, timestamp, high)
       select 'A', '1day', day, 7 from generate_series('2024-01-10'::timestamptz, '2024-01-20', '1 day') day`,
    );
    const directory = directoryWith({});
    for (const path of ['config', 'dist', 'migrations', 'node_modules', 'package.json']) {
      symlinkSync(join(CHECKOUT, path), join(directory, path));
    }
    const config = readFileSync(join(CHECKOUT, 'config/unified_config.yaml'), 'utf8');
    writeFileSync(
      join(directory, 'new_config.yaml'),
      config.replace(/^(lake:[\s\S]*?path: )\S+$/m, '$1./moved_lake'),
    );
    const [link, url, ...commands] = (USE?.[1] ?? '').trim().split('\n');
    expect(link).toMatch(/^npm ci && npm run build && npm link\b/);
    const typed = commands
      // Nothing is drained here, and the daemon would stay.
      .filter((line) => !/^tierd (drain|dead-letters|run)\b/.test(line))
      // The tests' server is not durable, which a doctor does not let pass; nobody is there to be asked.
      .map((line) => line.replace(/^tierd doctor\b/, 'true || $&'))
      .map((line) => line.replace(/^tierd cleanup(?= *#)/, '$& --yes'));
    const script = [
      'set -e',
      // As `npm link` does it.
      'mkdir bin',
      'chmod +x dist/main.js',
      'ln -s ../dist/main.js bin/tierd',
      'export PATH="$PWD/bin:$PATH"',
      (url ?? '').replace('postgres://tierd@localhost/trading', database.url),
      ...typed,
    ].join('\n');
    const printed = execFileSync('bash', ['-c', script], { cwd: directory, encoding: 'utf8' });
    expect(printed).toContain('done market_data: 11 rows moved');
    expect(printed).toMatch(/A +7/);
    expect(printed).toMatch(/sound .*11 rows proven/);
    expect(printed).toContain('done market_data: 3 rows restored');
  });
});

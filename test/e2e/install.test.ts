/** The commands of docs/operations.md, as they are typed. */
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
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

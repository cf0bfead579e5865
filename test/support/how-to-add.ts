/** What a newcomer types to have the suites that were skipped: one command for each thing that is missing. */

const INSTALL: Readonly<Record<string, string>> = {
  chromium: 'apt-get install chromium',
  faketime: 'apt-get install faketime',
  python: 'apt-get install python3-venv',
  'systemd-notify': 'apt-get install systemd',
  'systemd-analyze': 'apt-get install systemd',
  community:
    'TIERD_TEST_POSTGRES_URL=postgres://…, of a server with the Community edition, npx vitest run --project community',
  mounts: 'run the tests in a container with --cap-add SYS_ADMIN, or on a machine of their own',
  automounts: 'run the tests as root on a kernel with autofs',
};

/** Where it is not the machine that lacks a package: of the Debian tree, which is built for root on Debian or Ubuntu, and of the Python with engines. */
const BY_REASON: Readonly<Record<string, string>> = {
  'not root': 'sudo env "PATH=$PATH" npm test',
  'not a Debian or Ubuntu machine':
    'docker run --rm -v "$PWD":/src:ro node:22-trixie sh -c \'cp -r /src /tierd && cd /tierd && .ci/run\'',
  'building the Debian tree failed': 'npm test (it is built anew; why it failed stands above)',
  'its packages could not be installed': 'npm test (it is tried again; why it failed stands above)',
};

/** @param why as `servers.missing` says it */
export function howToAdd(need: string, why: string): string {
  return BY_REASON[why] ?? INSTALL[need] ?? 'see CONTRIBUTING.md';
}

/** What no run is held to, and the command that adds it. */
export const BEYOND_A_RUN = {
  community: `test/community, on a server of your own with the Community edition of TimescaleDB. Add it: TIERD_TEST_POSTGRES_URL=postgres://… npx vitest run --project community`,
  engines:
    'polars, daft, chdb and Spark in test/engines, in a Python made as docs/iceberg.md says. Add it: TIERD_TEST_ENGINES=engines/bin/python npx vitest run --project engines',
  clients:
    'drivers of Go, Java and Rust on the PostgreSQL face, in test/clients. Add it: TIERD_TEST_GO=$(command -v go) TIERD_TEST_CARGO=$(command -v cargo) TIERD_TEST_PGJDBC=/path/to/postgresql.jar npx vitest run --project clients',
  valkey:
    'some tests on Valkey. Add it: apt-get install valkey-server (from Debian 13 on), or TIERD_TEST_VALKEY=/path/to/valkey-server npm test',
  promtool:
    'docs/monitoring/alerts.yml and /metrics by promtool. Add it: apt-get install prometheus',
} as const;

export interface SkippedTest {
  readonly fullName: string;
}

/** The closing lines of a run, for what was skipped; by need, the largest number first. */
export function describeSkipped(skipped: readonly SkippedTest[], mark: string): readonly string[] {
  const perReason = new Map<string, number>();
  for (const { fullName } of skipped) {
    const reason = reasonIn(fullName, mark) ?? `for no reason given: ${fullName}`;
    perReason.set(reason, (perReason.get(reason) ?? 0) + 1);
  }
  const lines = [...perReason]
    .toSorted(([, one], [, other]) => other - one)
    .map(([reason, count]) => `Not tested: ${plural(count)}, ${reason}`);
  return [...lines, ...allAtOnce(lines)];
}

const plural = (count: number): string => (count === 1 ? '1 test' : `${String(count)} tests`);

/** Where several packages of the machine are missing: the one command that adds them. */
function allAtOnce(lines: readonly string[]): readonly string[] {
  const packages = new Set(
    lines.flatMap((line) => / Add it: apt-get install (\S+)$/.exec(line)?.[1] ?? []),
  );
  return packages.size < 2
    ? []
    : [`All of these packages at once: apt-get install ${[...packages].join(' ')}`];
}

/** Null where the test was skipped by something else than `describeOn`. */
export function reasonIn(fullName: string, mark: string): string | null {
  const at = fullName.indexOf(mark);
  if (at === -1) return null;
  const [, need = '', why = ''] =
    /^([a-z0-9_-]+) \(([^)]*)\)/.exec(fullName.slice(at + mark.length)) ?? [];
  return `for there is no ${need} here (${why}). Add it: ${howToAdd(need, why)}`;
}

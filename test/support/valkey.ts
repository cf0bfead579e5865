/** Valkey, which no run can bring along: used where it is installed, or named by its path. */
import { spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ServerTree } from './server-tree.ts';

const PROGRAM = process.env['TIERD_TEST_VALKEY'] ?? 'valkey-server';

/** Whether all that need a Redis are to be run on it. */
export const isOnValkey = (): boolean => process.env['TIERD_TEST_ON_VALKEY'] !== undefined;

export const hasValkey = (): boolean =>
  spawnSync(PROGRAM, ['--version'], { stdio: 'ignore' }).status === 0;

/** For `startRedis`: its programs are this machine's own. */
export function valkeyTree(): ServerTree {
  const runsDir = join(tmpdir(), `tierd-test-valkey-${String(process.getuid?.() ?? 0)}`);
  mkdirSync(runsDir, { recursive: true });
  return {
    full: false,
    lacks: '',
    runsDir,
    postgresBin: '',
    inside: (path) => path,
    command: (_user, deathSignal, [, ...args]) => [
      'setpriv',
      `--pdeathsig=${deathSignal}`,
      PROGRAM,
      ...args,
    ],
    giveTo: () => Promise.resolve(),
  };
}

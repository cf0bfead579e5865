/** What is done to jobs, daemons and servers, and when: by dice that a seed makes repeatable. */
import { setTimeout as pause } from 'node:timers/promises';
import type { PostgresServer, StopMode } from '../support/postgres-server.ts';
import type { KeptDaemon } from './daemon-keeper.ts';
import { LEASE_TTL_MS, type SoakScene } from './scene.ts';

export interface Faults {
  readonly counts: Readonly<Record<string, number>>;
  /** Daemons asked to stop that did not exit with 0. */
  readonly badExits: number;
  /** From here on the daemons are left alone. */
  spareDaemons(): void;
  /** Comes back when everything runs again. */
  stop(): Promise<void>;
}

export interface FaultOptions {
  readonly random: () => number;
  /** Between two of them, at most; half of it at least. */
  readonly everyMs: number;
  readonly say: (text: string) => void;
}

type Fault = readonly [name: string, weight: number, act: () => Promise<void>];

export function startFaults(
  scene: SoakScene,
  daemons: readonly KeptDaemon[],
  { random, everyMs, say }: FaultOptions,
): Faults {
  const over = new AbortController();
  const counts: Record<string, number> = {};
  let badExits = 0;
  let sparesDaemons = false;
  const pick = <Item>(items: readonly Item[]): Item | undefined =>
    items[Math.floor(random() * items.length)];
  const away = (): number => 500 + random() * everyMs;

  const onServers: readonly Fault[] = [
    ['job killed', 5, () => killJob(pick(daemons.flatMap((daemon) => daemon.jobs())))],
    ['postgres killed', 1, () => bounce(scene.postgres, 'kill', away())],
    ['postgres crashed', 1, () => bounce(scene.postgres, 'immediate', away())],
    ['redis killed', 2, () => bounceRedis(scene, away())],
  ];
  const onDaemons: readonly Fault[] = [
    ['daemon killed', 2, async () => void (await pick(daemons)?.restart('SIGKILL'))],
    [
      'daemon stopped',
      1,
      async () => {
        if ((await pick(daemons)?.restart('SIGTERM')) !== 0) badExits += 1;
      },
    ],
    ['daemon asleep', 1, () => putToSleep(pick(daemons), LEASE_TTL_MS * (0.5 + random()))],
  ];

  const running = (async () => {
    while (!over.signal.aborted) {
      const wait = everyMs * (0.5 + random() / 2);
      await pause(wait, undefined, { signal: over.signal }).catch(() => undefined);
      if (over.signal.aborted) return;
      const [name, , act] = choose(
        sparesDaemons ? onServers : [...onServers, ...onDaemons],
        random,
      );
      say(name);
      counts[name] = (counts[name] ?? 0) + 1;
      await act();
    }
  })();
  return {
    counts,
    get badExits() {
      return badExits;
    },
    spareDaemons() {
      sparesDaemons = true;
    },
    async stop() {
      over.abort();
      await running;
    },
  };
}

function choose(faults: readonly Fault[], random: () => number): Fault {
  let dice = random() * faults.reduce((sum, [, weight]) => sum + weight, 0);
  const chosen = faults.find(([, weight]) => {
    dice -= weight;
    return dice < 0;
  });
  if (chosen === undefined) throw new Error('no fault to choose from');
  return chosen;
}

async function killJob(pid: number | undefined): Promise<void> {
  try {
    if (pid !== undefined) process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended by itself.
  }
  return Promise.resolve();
}

async function bounce(server: PostgresServer, mode: StopMode, awayMs: number): Promise<void> {
  await server.stop(mode);
  await pause(awayMs);
  await server.start();
}

async function bounceRedis({ redis }: SoakScene, awayMs: number): Promise<void> {
  await redis.stop('immediate');
  await pause(awayMs);
  await redis.start();
}

/** Past its lease or not; what it had started goes on meanwhile. */
async function putToSleep(daemon: KeptDaemon | undefined, ms: number): Promise<void> {
  daemon?.signal('SIGSTOP');
  await pause(ms);
  daemon?.signal('SIGCONT');
}

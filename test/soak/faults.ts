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
  const pick = <Item>(items: readonly Item[]): Item | undefined =>
    items[Math.floor(random() * items.length)];
  const away = (): number => 500 + random() * everyMs;

  const onServersAndJobs: readonly Fault[] = [
    ['drain killed', 2, () => killJob(daemons, 'drain', over.signal)],
    ['rotation killed', 3, () => killJob(daemons, 'rotate', over.signal, random() * 1_000)],
    ['postgres killed', 1, () => bounce(scene.postgres, 'kill', away())],
    ['postgres crashed', 1, () => bounce(scene.postgres, 'immediate', away())],
    ['redis killed', 2, () => bounceRedis(scene, away())],
  ];
  const onDaemons: readonly Fault[] = [
    ['daemon killed', 2, () => killDaemon(pick(daemons))],
    [
      'daemon stopped',
      1,
      async () => {
        if ((await pick(daemons)?.restart('SIGTERM')) !== 0) badExits += 1;
      },
    ],
    ['daemon asleep', 1, () => putToSleep(pick(daemons), LEASE_TTL_MS * (0.5 + random()))],
  ];

  let faults: readonly Fault[] = [...onServersAndJobs, ...onDaemons];
  /** False when it was stopped meanwhile. */
  const rest = (): Promise<boolean> =>
    pause(everyMs * (0.5 + random() / 2), true, { signal: over.signal }).catch(() => false);
  const running = (async () => {
    while (await rest()) {
      const [name, , act] = choose(faults, random);
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
      faults = onServersAndJobs;
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

/** Waits for one that runs, and then a little: rotations come and go. */
async function killJob(
  daemons: readonly KeptDaemon[],
  name: string,
  over: AbortSignal,
  afterMs = 0,
): Promise<void> {
  for (let looks = 0; looks < LOOKS_FOR_A_JOB && !over.aborted; looks += 1) {
    const job = daemons.flatMap((daemon) => daemon.jobs()).find((one) => one.name === name);
    if (job === undefined) {
      await pause(LOOK_EVERY_MS);
      continue;
    }
    await pause(afterMs);
    try {
      process.kill(job.pid, 'SIGKILL');
    } catch {
      // It has ended by itself.
    }
    return;
  }
}

/** Longer than the schedule's interval; where a store is away no job may come for a while. */
const LOOKS_FOR_A_JOB = 200;
const LOOK_EVERY_MS = 25;

async function killDaemon(daemon: KeptDaemon | undefined): Promise<void> {
  await daemon?.restart('SIGKILL');
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

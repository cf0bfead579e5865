/**
 * What systemd is told (sd_notify), through its own `systemd-notify`: no library of ours to load.
 * Without NOTIFY_SOCKET nobody listens and nothing is done.
 */
import { execFile } from 'node:child_process';
import type { DaemonLogger } from './job.ts';

export interface ServiceNotifier {
  ready(): void;
  status(text: string): void;
  reloading(): void;
  stopping(): void;
  /** Called whenever the daemon's own loop comes round: a loop that hangs is seen to hang. */
  alive(): void;
}

export interface NotifySurroundings {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly logger: DaemonLogger;
  /** Microseconds of a clock that is never set: systemd wants to know when a reload began. */
  readonly monotonicUs: () => bigint;
  /** The program that sends. */
  readonly program?: string;
}

/** Half of what systemd waits for is what its manual asks for; a third leaves room for a slow start. */
const PINGS_PER_WATCHDOG = 3n;

export function createNotifier(surroundings: NotifySurroundings): ServiceNotifier {
  const { env, logger, monotonicUs, program = 'systemd-notify' } = surroundings;
  if ((env['NOTIFY_SOCKET'] ?? '') === '') return SILENT;
  let hasFailed = false;
  // One after the other: READY must not overtake RELOADING.
  let sent: Promise<void> = Promise.resolve();
  const send = (...fields: readonly string[]): void => {
    sent = sent.then(
      () =>
        new Promise((resolve) => {
          execFile(program, fields, { env: { ...env }, timeout: SEND_TIMEOUT_MS }, (error) => {
            if (error !== null && !hasFailed) {
              hasFailed = true;
              logger.warn({}, `systemd could not be told: ${error.message}`);
            }
            resolve();
          });
        }),
    );
  };
  const pingEveryUs = watchdogUs(env) / PINGS_PER_WATCHDOG;
  let pingedAtUs: bigint | null = null;
  return {
    ready: () => send('READY=1'),
    status: (text) => send(`STATUS=${text.replaceAll('\n', ' ')}`),
    reloading: () => send('RELOADING=1', `MONOTONIC_USEC=${String(monotonicUs())}`),
    stopping: () => send('STOPPING=1'),
    alive() {
      const now = monotonicUs();
      const isDue = pingedAtUs === null || now - pingedAtUs >= pingEveryUs;
      if (pingEveryUs === 0n || !isDue) return;
      pingedAtUs = now;
      send('WATCHDOG=1');
    },
  };
}

const SEND_TIMEOUT_MS = 5_000;

/** 0 when systemd runs no watchdog. */
function watchdogUs(env: NotifySurroundings['env']): bigint {
  const text = env['WATCHDOG_USEC'] ?? '';
  return /^\d+$/.test(text) ? BigInt(text) : 0n;
}

const SILENT: ServiceNotifier = {
  ready: () => undefined,
  status: () => undefined,
  reloading: () => undefined,
  stopping: () => undefined,
  alive: () => undefined,
};

import { chmodSync, existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { DaemonLogger } from '../../../src/daemon/job.ts';
import { createNotifier, type ServiceNotifier } from '../../../src/daemon/service-notify.ts';
import { directoryWith } from '../../support/config-file.ts';

interface Scene {
  readonly notifier: ServiceNotifier;
  readonly sent: () => string[];
  readonly warnings: string[];
  readonly clock: { us: bigint };
}

function scene(env: Record<string, string>, program = '#!/bin/sh\necho "$*" >> "$SENT"\n'): Scene {
  const directory = directoryWith({ notify: program });
  chmodSync(join(directory, 'notify'), 0o755);
  const file = join(directory, 'sent');
  const warnings: string[] = [];
  const say = (_figures: object, text: string): void => void warnings.push(text);
  const logger: DaemonLogger = { debug: say, info: say, warn: say, error: say };
  const clock = { us: 7n };
  const notifier = createNotifier({
    env: { ...env, SENT: file, PATH: process.env['PATH'] ?? '' },
    logger,
    monotonicUs: () => clock.us,
    program: join(directory, 'notify'),
  });
  const sent = (): string[] =>
    existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n') : [];
  return { notifier, sent, warnings, clock };
}

const LISTENING = { NOTIFY_SOCKET: '/run/systemd/notify' };

describe('systemd', () => {
  it('is told of each phase, in order', async () => {
    const { notifier, sent } = scene(LISTENING);
    notifier.ready();
    notifier.status('leading\nnow');
    notifier.reloading();
    notifier.ready();
    notifier.stopping();
    await expect
      .poll(sent)
      .toEqual([
        'READY=1',
        'STATUS=leading now',
        'RELOADING=1 MONOTONIC_USEC=7',
        'READY=1',
        'STOPPING=1',
      ]);
  });

  it('is told that the loop comes round, thrice in the time that it waits', async () => {
    const { notifier, sent, clock } = scene({ ...LISTENING, WATCHDOG_USEC: '30000000' });
    for (const seconds of [0n, 1n, 9n, 10n, 19n, 20n]) {
      clock.us = 7n + seconds * 1_000_000n;
      notifier.alive();
    }
    await expect.poll(sent).toEqual(['WATCHDOG=1', 'WATCHDOG=1', 'WATCHDOG=1']);
  });

  it('hears nothing where it does not listen, or runs no watchdog', async () => {
    const nobody = scene({});
    nobody.notifier.ready();
    const listening = scene(LISTENING);
    listening.notifier.alive();
    listening.notifier.ready();
    await expect.poll(listening.sent).toEqual(['READY=1']);
    expect(nobody.sent()).toEqual([]);
  });

  it('that can not be told is a warning, once', async () => {
    const { notifier, warnings } = scene(LISTENING, '#!/bin/sh\nexit 1\n');
    notifier.ready();
    notifier.stopping();
    await expect.poll(() => warnings).toHaveLength(1);
    expect(warnings[0]).toContain('systemd could not be told');
  });
});

/** What systemd hears of the built daemon, by its own systemd-notify, on a socket like its own. */
import { expect, it } from 'vitest';
import { fillTicks, makeDaemon, PATIENCE, said } from '../support/daemon.ts';
import { createTestDatabase } from '../support/database.ts';
import { describeOn } from '../support/servers.ts';
import { listenAsSystemd } from '../support/service-socket.ts';

/** Microseconds since the machine started, as systemd reckons. */
function monotonicUs(): number {
  return Number(process.hrtime.bigint() / 1000n);
}

describeOn('systemd-notify', 'systemd', () => {
  it('hears that the daemon is ready, leads, reloads, lives and stops', async () => {
    const database = await createTestDatabase();
    await fillTicks(database, { dueDays: 0, rows: 1 });
    const scene = await makeDaemon(database, 'schedules: { rotate: { cron: "0 0 29 2 *" } }');
    const socket = await listenAsSystemd();
    const heard = (message: string | RegExp): Promise<void> =>
      expect.poll(() => socket.received().join('\n'), PATIENCE).toMatch(message);
    const daemon = scene.run({ NOTIFY_SOCKET: socket.address, WATCHDOG_USEC: '1500000' });
    await heard(/^READY=1$/m);
    await heard(/^STATUS=leading$/m);
    await heard(/^WATCHDOG=1$/m);

    const before = monotonicUs();
    daemon.child.kill('SIGHUP');
    await heard(/^RELOADING=1 MONOTONIC_USEC=\d+\nREADY=1$/m);
    const [, told = '0'] = /MONOTONIC_USEC=(\d+)/.exec(socket.received().join('\n')) ?? [];
    expect(Number(told)).toBeGreaterThanOrEqual(before);
    expect(Number(told)).toBeLessThanOrEqual(monotonicUs());

    // A file that is refused ends the reload as well, or systemd would wait for its end.
    scene.edit('cron: "0 0 29 2 *"', 'every: soon');
    daemon.child.kill('SIGHUP');
    await said(daemon, /the configuration stays as it was/);
    await expect
      .poll(() => socket.received().filter((message) => message === 'READY=1').length, PATIENCE)
      .toBe(3);

    daemon.child.kill('SIGTERM');
    expect(await daemon.ended).toBe(0);
    expect(socket.received()).toContain('STOPPING=1');
  });

  it('hears no more of a daemon that is stuck', async () => {
    const database = await createTestDatabase();
    await fillTicks(database, { dueDays: 0, rows: 1 });
    const scene = await makeDaemon(database, 'schedules: { rotate: { cron: "0 0 29 2 *" } }');
    const socket = await listenAsSystemd();
    const pings = (): number => socket.received().filter((text) => text === 'WATCHDOG=1').length;
    const daemon = scene.run({ NOTIFY_SOCKET: socket.address, WATCHDOG_USEC: '1500000' });
    await expect.poll(pings, PATIENCE).toBeGreaterThan(2);
    // Blocked in its own code, as by a loop that never ends.
    daemon.child.kill('SIGSTOP');
    let before = pings();
    await expect
      .poll(
        () => {
          const isQuiet = pings() === before;
          before = pings();
          return isQuiet;
        },
        { interval: 3_000 },
      )
      .toBe(true);
    daemon.child.kill('SIGCONT');
    await expect.poll(pings, PATIENCE).toBeGreaterThan(before);
    daemon.child.kill('SIGTERM');
    expect(await daemon.ended).toBe(0);
  });
});

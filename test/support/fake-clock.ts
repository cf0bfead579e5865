/**
 * Another wall clock for a process, which may be set while it runs: libfaketime, preloaded. The
 * clock that is never set (CLOCK_MONOTONIC) goes on as it does when a machine's clock is set.
 */
import { existsSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export interface FakeClock {
  /** For the process, and inherited by all that it starts. */
  readonly env: Readonly<Record<string, string>>;
  /** Sets it; it goes on from there. */
  set(instant: string): void;
  /** Sets it this far from the machine's own. */
  setAhead(ms: number): void;
}

const PLACES = ['x86_64-linux-gnu', 'aarch64-linux-gnu'].map(
  (machine) => `/usr/lib/${machine}/faketime/libfaketime.so.1`,
);

/** The library; null where it is not installed. */
export function findFakeTime(): string | null {
  return PLACES.find((place) => existsSync(place)) ?? null;
}

/** A clock that is right until it is set. `directory` is where its setting is kept. */
export function fakeClock(directory: string): FakeClock {
  const file = join(directory, 'clock');
  const library = findFakeTime();
  if (library === null) throw new Error("no libfaketime here: use describeOn('faketime')");
  const setAhead = (ms: number): void => {
    // An offset and not a time: all processes that are started later have the same clock.
    const text = `${ms < 0 ? '-' : '+'}${(Math.abs(ms) / 1000).toFixed(3)}`;
    writeFileSync(`${file}.new`, text);
    renameSync(`${file}.new`, file);
  };
  setAhead(0);
  return {
    env: {
      LD_PRELOAD: library,
      FAKETIME_TIMESTAMP_FILE: file,
      FAKETIME_NO_CACHE: '1',
      FAKETIME_DONT_FAKE_MONOTONIC: '1',
      // Files keep the times that they have.
      NO_FAKE_STAT: '1',
    },
    setAhead,
    set: (instant) => setAhead(Date.parse(instant) - Date.now()),
  };
}

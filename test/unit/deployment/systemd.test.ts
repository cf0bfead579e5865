/** systemd's units: what they must say, and how exposed they are where systemd can tell. */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { daemonSection } from '../../../src/config/daemon-section.ts';
import { parseDuration } from '../../../src/config/units.ts';
import { itWith } from '../../support/it-with.ts';

const DIRECTORY = fileURLToPath(new URL('../../../systemd', import.meta.url));
const SYSTEMD = '/usr/bin/systemd-analyze';
const SERVICES = ['tierd.service', 'tierd-rotate.service'];
const read = (unit: string): string => readFileSync(`${DIRECTORY}/${unit}`, 'utf8');

describe.each(SERVICES)('%s', (unit) => {
  it('sets the size of the thread pool before Node starts, and takes its secret from systemd', () => {
    expect(read(unit)).toMatch(/^Environment=UV_THREADPOOL_SIZE=\d+$/m);
    expect(read(unit)).toMatch(/^LoadCredential=postgres_url:/m);
    expect(read(unit)).toMatch(/^NoNewPrivileges=yes$/m);
  });

  const title = 'is exposed by at most 2.5, by the reckoning of systemd';
  itWith('systemd-analyze', existsSync(SYSTEMD), title, () => {
    // It exits with 1 above the threshold, which is in tenths.
    const argv = ['security', '--offline=true', '--threshold=25', `${DIRECTORY}/${unit}`];
    expect(() => execFileSync(SYSTEMD, argv)).not.toThrow();
  });
});

it('the daemon may take as long to stop as its configuration says', () => {
  const { shutdown_timeout } = daemonSection.parse({});
  const seconds = Number(/^TimeoutStopSec=(\d+)s$/m.exec(read('tierd.service'))?.[1]);
  expect(seconds * 1000).toBeGreaterThan(parseDuration(shutdown_timeout));
});

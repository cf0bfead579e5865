/** The `daemon` section: how `tierd run` leads, what its jobs may use, and how it stops. */
import { z } from 'zod';
import { duration, size, text, textList, wholeNumber } from './fields.ts';
import { parseDuration, parseSize } from './units.ts';

/** The group of datasets of whoever doesn't say otherwise. */
export const DEFAULT_OWNER = 'default';

export interface DaemonConfig {
  readonly owner: string;
  /** Of the leader's lease, and of each dataset's while a job works on it. */
  readonly leaseTtlMs: number;
  readonly shutdownTimeoutMs: number;
  readonly shutdownHooks: readonly string[];
  /** Resident memory of one job and all that it starts; null is no limit. */
  readonly jobMemoryBytes: number | null;
  readonly jobHeapMb: number;
  readonly circuit: { readonly openAfter: number; readonly coolDownMs: number };
}

export const daemonSection = z.strictObject({
  owner: text(
    'The group of datasets that this daemon looks after: those with the same `owner`. Of several daemons with one owner and one database, one leads and the others stand by.',
  ).default(DEFAULT_OWNER),
  lease_ttl: duration(
    'A standby takes over this long after the leader was last heard of; a lease is renewed thrice in this time. The same holds for the lease of a dataset that is worked on.',
  ).default('60s'),
  shutdown_timeout: duration(
    'What may pass from the request to stop until the end: for the jobs to end their step or to roll it back, and for the hooks.',
  ).default('90s'),
  shutdown_hooks: textList(
    'commands',
    'Run one after the other by the leader before it stops. What begins with `tierd ` is a command of tierd with this configuration; anything else is for /bin/sh.',
    ['tierd rotate'],
  ).default([]),
  job_memory_limit: size(
    'A job whose process tree holds more memory than this is killed. 0B is no limit. Linux only.',
  ).default('2GB'),
  job_heap_limit: size("Of it, what JavaScript may use: Node's --max-old-space-size.").default(
    '512MB',
  ),
  circuit_failures: wholeNumber(
    { min: 1, max: 1000 },
    'A job that fails this often in a row is left alone for `circuit_rest`.',
  ).default(5),
  circuit_rest: duration('Then one run is let through, and decides.').default('30min'),
});

export type DaemonFile = z.output<typeof daemonSection>;

export function resolveDaemon(file: DaemonFile): DaemonConfig {
  const memory = parseSize(file.job_memory_limit);
  return {
    owner: file.owner,
    leaseTtlMs: parseDuration(file.lease_ttl),
    shutdownTimeoutMs: parseDuration(file.shutdown_timeout),
    shutdownHooks: file.shutdown_hooks,
    jobMemoryBytes: memory === 0 ? null : memory,
    jobHeapMb: Math.max(16, Math.round(parseSize(file.job_heap_limit) / 1024 ** 2)),
    circuit: {
      openAfter: file.circuit_failures,
      coolDownMs: parseDuration(file.circuit_rest),
    },
  };
}

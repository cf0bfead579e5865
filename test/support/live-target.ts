import type { LiveTarget } from '../../src/domain/live/live-target.ts';

/** The target that a configuration with this URL resolves to. */
export function targetOf(url: string, changes: Partial<LiveTarget> = {}): LiveTarget {
  const { hostname, port } = new URL(url);
  return {
    topology: { kind: 'single', node: { host: hostname, port: Number(port) } },
    db: 0,
    tls: null,
    connectTimeoutMs: 5_000,
    commandTimeoutMs: 20_000,
    waitReplicas: 0,
    ...changes,
  };
}

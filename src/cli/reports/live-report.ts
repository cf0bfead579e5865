/** The live store in `tierd status`. */
import { countOf } from '../../domain/count.ts';
import type { LiveHealth } from '../../domain/live/live-health.ts';
import { liveServerFigures } from '../../http/survey-document.ts';
import type { Status } from '../../jobs/status.ts';
import { errorDocument, renderError } from '../terminal/errors.ts';
import { formatBytes, formatInteger } from '../terminal/format.ts';
import type { Style } from '../terminal/style.ts';

type Live = NonNullable<Status['live']>;

export function liveDocument(live: Live): unknown {
  if ('error' in live) return errorDocument(live.error);
  return {
    place: live.place,
    servers: live.servers.map(serverDocument),
    warnings: live.checks.filter(({ status }) => status !== 'ok'),
  };
}

function serverDocument(health: LiveHealth): Record<string, unknown> {
  const { aof, rdb } = health;
  return {
    ...liveServerFigures(health),
    rejected_clients: health.rejectedClients,
    replicas: health.replicas,
    aof: { enabled: aof.enabled, fsync: aof.fsync, ok: aof.ok },
    rdb: {
      enabled: rdb.enabled,
      ok: rdb.ok,
      saved_at: rdb.savedAt === 0 ? null : new Date(rdb.savedAt).toISOString(),
    },
  };
}

export function renderLive(live: Live, style: Style): string[] {
  if ('error' in live) return [`redis ${renderError(live.error, style, false).trimEnd()}`];
  const { colour } = style;
  return [
    ...live.servers.map((health) => `redis ${live.place}, ${describe(health)}`),
    ...live.checks
      .filter(({ status }) => status !== 'ok')
      .map(({ name, found }) => `${colour.yellow('warning')} ${name}: ${found}`),
  ];
}

function describe(health: LiveHealth): string {
  const { usedBytes, maxBytes, hitRatio } = health;
  return [
    `${health.product} ${health.version}`,
    countOf(health.keys, 'key'),
    `${formatBytes(usedBytes)}${maxBytes === 0 ? '' : ` of ${formatBytes(maxBytes)}`}`,
    `fragmentation ${health.fragmentation.toFixed(2)}`,
    ...(hitRatio === null ? [] : [`hit ratio ${(hitRatio * 100).toFixed(0)} %`]),
    countOf(health.clients, 'client'),
    `${health.latencyMs.toFixed(1)} ms`,
    `${formatInteger(health.evictedKeys)} evicted`,
    `${formatInteger(health.expiredKeys)} expired`,
  ].join(', ');
}

/** The live store's part of doctor and status. Changes nothing. */
import type { Check } from '../domain/check.ts';
import type { LiveSourceSpec } from '../domain/live/live-entry.ts';
import {
  judgeLiveHealth,
  judgeTtls,
  type LiveHealth,
  type LiveSettings,
} from '../domain/live/live-health.ts';
import type { Clock } from '../domain/time/clock.ts';
import { judgeCertificate } from '../domain/transport.ts';
import type { LiveStore } from '../live/connect.ts';
import { lookAtTtls, readHealth } from '../live/read-health.ts';

/** What looking at the live store takes. */
export interface LiveRooms {
  readonly connect: () => Promise<LiveStore>;
  readonly sources: readonly LiveSourceSpec[];
  readonly settings: LiveSettings;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

export interface LiveReport {
  readonly place: string;
  readonly servers: readonly LiveHealth[];
  readonly checks: readonly Check[];
}

/** Throws REDIS_UNREACHABLE or PERMISSION_DENIED. */
export async function examineLive(rooms: LiveRooms): Promise<LiveReport> {
  const store = await rooms.connect();
  try {
    const servers = await readHealth(store);
    const sources = await lookAtTtls(store, rooms.sources, rooms.signal);
    return {
      place: store.place,
      servers,
      checks: [
        ...servers.flatMap((health) => judgeLiveHealth(health, sources, rooms.settings)),
        ...judgeTtls(sources, rooms.settings),
        ...judgeCertificates(servers, store.ownCertificateUntil, rooms.clock.now()),
      ],
    };
  } finally {
    store.close();
  }
}

function judgeCertificates(
  servers: readonly LiveHealth[],
  ownUntil: number | null,
  now: number,
): readonly Check[] {
  return [
    ...servers.flatMap(({ server, transport }) =>
      judgeCertificate(
        `redis:${server}:certificate`,
        'the certificate of Redis',
        transport.certificateUntil,
        now,
      ),
    ),
    ...judgeCertificate(
      'redis:tls_cert_file',
      'the certificate of redis.tls_cert_file',
      ownUntil,
      now,
    ),
  ];
}

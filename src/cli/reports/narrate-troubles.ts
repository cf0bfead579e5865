/** Stores that sources of one drain miss: told when it begins and when it is over, not at every attempt. */
import type { Logger } from 'pino';
import type { ErrorCode, TierdError } from '../../domain/errors.ts';

export interface Troubles {
  readonly begin: (source: string, error: TierdError) => void;
  /** The source goes on. */
  readonly end: (source: string) => void;
}

/** Whose outage it is; what is in neither table is the source's own trouble. */
const STORES: Partial<Record<ErrorCode, string>> = {
  POSTGRES_UNREACHABLE: 'PostgreSQL',
  POSTGRES_READ_ONLY: 'PostgreSQL',
  POSTGRES_OUT_OF_RESOURCES: 'PostgreSQL',
  STANDBY_SILENT: 'PostgreSQL',
  OUTCOME_UNKNOWN: 'PostgreSQL',
  LEASE_LOST: 'PostgreSQL',
  REDIS_UNREACHABLE: 'Redis',
  CLAIM_NOT_DURABLE: 'Redis',
};

export function openTroubles(logger: Logger): Troubles {
  const missing = new Map<string, Set<string>>();
  return {
    begin(source, { code, message }) {
      const store = STORES[code] ?? `${source} (${code})`;
      const sources = missing.get(store);
      if (sources !== undefined) {
        sources.add(source);
        return;
      }
      missing.set(store, new Set([source]));
      // A daemon hears of it by `outage`, and of all that look tells once.
      logger.warn(
        { source, code, outage: store, reason: message },
        `${store} can't be used, and is tried until it can: ${message}`,
      );
    },
    end(source) {
      for (const [store, sources] of missing) {
        if (!sources.delete(source) || sources.size > 0) continue;
        missing.delete(store);
        logger.info({ outage: store, isOver: true }, `${store} can be used again`);
      }
    },
  };
}

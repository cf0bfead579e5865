/** The daemon's alerts, wired: what is watched, how often, and whom it tells. */
import type { TierdConfig } from '../../config/load.ts';
import { type AlertLedger, AlertRecord } from '../../daemon/alerts/alert-record.ts';
import { AlertWatch } from '../../daemon/alerts/alert-watch.ts';
import type { AlertThresholds } from '../../daemon/alerts/observe.ts';
import { Outbox } from '../../daemon/alerts/outbox.ts';
import type { StoreFacts } from '../../daemon/alerts/store-facts.ts';
import type { AlertState, DaemonState } from '../../daemon/state.ts';
import type { Clock } from '../../domain/time/clock.ts';
import { disconnect } from '../../hot/server/connect.ts';
import { readToldAlerts, writeToldAlerts } from '../../ledger/alerts.ts';
import { daemonLease } from '../../ledger/job-runs.ts';
import type { Queryable } from '../../ledger/queryable.ts';
import type { CliContext } from '../context.ts';
import { receiversOf } from './alert-receivers.ts';
import { backupAgesOf } from './backup-ages.ts';
import { connectForDaemon } from './take-lead.ts';

export interface DaemonAlerts {
  /** Whenever something has changed; by itself it looks once in a while. */
  look(): void;
  /** Called with each survey of the stores. */
  setStores(facts: StoreFacts): void;
  close(): Promise<void>;
}

/** What lasts is told after a time, and nothing else wakes anybody for it. */
const LOOK_EVERY_MS = 1_000;

export function openAlerts(
  context: CliContext,
  config: () => TierdConfig,
  state: () => DaemonState,
  tell: (alerts: readonly AlertState[]) => void,
): DaemonAlerts {
  const { clock, logger } = context;
  const { owner, holder } = state();
  const outbox = new Outbox({
    clock,
    logger,
    random: Math.random,
    receivers: () => receiversOf(config(), context, { owner, holder }),
    giveUpAfterMs: () => config().alerts.giveUpAfterMs,
    onChange: () => {
      watch.publish();
      keep();
    },
  });
  const settings = settingsOf(clock, config);
  const watch = new AlertWatch({ clock, outbox, settings, tell });
  const record = new AlertRecord(watch, ledgerOf(config, owner));
  const keep = (): void => {
    const { role, token } = state();
    record.keep(role === 'leader' ? token : null);
  };
  const look = (): void => {
    watch.look(state());
    keep();
  };
  const timer = setInterval(look, LOOK_EVERY_MS);
  return {
    look,
    setStores: (facts) => watch.setStores(facts),
    close: async () => {
      clearInterval(timer);
      await outbox.close();
      await record.close();
    },
  };
}

/** A schedule's slots are reckoned once for each configuration, not each second. */
function settingsOf(
  clock: Clock,
  config: () => TierdConfig,
): () => TierdConfig['alerts'] & Pick<AlertThresholds, 'backupAges'> {
  let of: TierdConfig | null = null;
  let settings: ReturnType<ReturnType<typeof settingsOf>>;
  return () => {
    const now = config();
    if (now !== of) {
      settings = { ...now.alerts, backupAges: backupAgesOf(now, clock.now()) };
      of = now;
    }
    return settings;
  };
}

function ledgerOf(config: () => TierdConfig, owner: string): AlertLedger {
  const ask = async <Answer>(question: (db: Queryable) => Promise<Answer>): Promise<Answer> => {
    const db = await connectForDaemon(config());
    try {
      return await question(db);
    } finally {
      await disconnect(db);
    }
  };
  return {
    read: () => ask((db) => readToldAlerts(db, owner)),
    write: async (token, alerts) => {
      await ask((db) => writeToldAlerts(db, { dataset: daemonLease(owner), token }, owner, alerts));
    },
  };
}

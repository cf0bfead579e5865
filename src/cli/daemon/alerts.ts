/** The daemon's alerts, wired: what is watched, how often, and whom it tells. */
import type { TierdConfig } from '../../config/load.ts';
import { AlertWatch } from '../../daemon/alerts/alert-watch.ts';
import { Outbox } from '../../daemon/alerts/outbox.ts';
import type { StoreFacts } from '../../daemon/alerts/store-facts.ts';
import type { AlertState, DaemonState } from '../../daemon/state.ts';
import type { CliContext } from '../context.ts';
import { receiversOf } from './alert-receivers.ts';

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
    onChange: () => watch.publish(),
  });
  const watch = new AlertWatch({ clock, outbox, settings: () => config().alerts, tell });
  const timer = setInterval(() => watch.look(state()), LOOK_EVERY_MS);
  return {
    look: () => watch.look(state()),
    setStores: (facts) => watch.setStores(facts),
    close: async () => {
      clearInterval(timer);
      await outbox.close();
    },
  };
}

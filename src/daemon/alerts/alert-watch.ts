/** Holds what fires now: looks, tells receivers, and says it to the daemon's state. */
import { isDeepStrictEqual } from 'node:util';
import type { ToldAlert } from '../../domain/alert.ts';
import type { Clock } from '../../domain/time/clock.ts';
import type { AlertState, DaemonState } from '../state.ts';
import { type AlertThresholds, isLeaders, observe } from './observe.ts';
import type { Outbox } from './outbox.ts';
import { type AlertPolicy, type FiringAlert, reduceAlerts } from './reduce-alerts.ts';
import type { StoreFacts } from './store-facts.ts';

export interface AlertWatchParts {
  readonly clock: Clock;
  readonly outbox: Pick<Outbox, 'post' | 'deliveryOf' | 'forget'>;
  readonly settings: () => AlertPolicy & AlertThresholds;
  /** Told when it has changed. */
  readonly tell: (alerts: readonly AlertState[]) => void;
}

export class AlertWatch {
  readonly #parts: AlertWatchParts;
  #firing: readonly FiringAlert[] = [];
  #told: readonly AlertState[] = [];
  #stores: StoreFacts | null = null;
  /** The lead before which all was told that `adopt` was handed. */
  #adopted: string | null = null;

  constructor(parts: AlertWatchParts) {
    this.#parts = parts;
  }

  /** What the stores were found to hold; it counts until the next time. */
  setStores(facts: StoreFacts): void {
    this.#stores = facts;
  }

  hasAdopted(token: string): boolean {
    return this.#adopted === token;
  }

  /** Takes over what was told before the lead of `token`; until then a leader tells of no job or store. */
  adopt(token: string, told: readonly ToldAlert[]): void {
    this.#adopted = token;
    const before = this.#firing.filter((alert) => !isLeaders(alert));
    this.#firing = [
      ...before,
      ...told.map(({ toldTo: _, ...alert }) => ({ ...alert, awaySinceMs: null })),
    ];
    for (const { toldAtMs, toldTo, ...alert } of told) {
      this.#parts.outbox.post({ event: 'firing', alert, atMs: toldAtMs }, toldTo);
    }
  }

  /** Of a leader: what the next one has to know. */
  told(): readonly ToldAlert[] {
    return this.#firing.filter(isLeaders).map(({ awaySinceMs: _, ...alert }) => {
      return { ...alert, toldTo: this.#parts.outbox.deliveryOf(alert).toldTo };
    });
  }

  /** Called now and then, and whenever something has changed. Cheap. */
  look(state: DaemonState): void {
    const { clock, settings, outbox } = this.#parts;
    const now = clock.now();
    const policy = settings();
    const known: DaemonState =
      state.token !== null && this.hasAdopted(state.token) ? state : { ...state, role: 'standby' };
    const observation = observe(known, this.#stores, now, policy);
    const before = this.#firing;
    const { firing, notifications } = reduceAlerts(before, observation, now, policy);
    this.#firing = firing;
    for (const notification of notifications) outbox.post(notification);
    const remaining = new Set(firing.map(({ id }) => id));
    for (const { id } of before) if (!remaining.has(id)) outbox.forget(id);
    this.publish();
  }

  /** Says what fires, and what of it everybody has heard. */
  publish(): void {
    const alerts = this.#firing.map(
      ({ id, kind, severity, subject, message, sinceMs }): AlertState => {
        const { receivers, toldTo } = this.#parts.outbox.deliveryOf({ id, kind });
        const notTold = receivers.filter((name) => !toldTo.includes(name));
        return {
          id,
          kind,
          severity,
          subject,
          message,
          sinceMs,
          delivered: receivers.length > 0 && notTold.length === 0,
          receivers: receivers.length,
          notTold,
        };
      },
    );
    if (isDeepStrictEqual(alerts, this.#told)) return;
    this.#told = alerts;
    this.#parts.tell(alerts);
  }
}

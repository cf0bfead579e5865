/** Holds what fires now: looks, tells receivers, and says it to the daemon's state. */
import { isDeepStrictEqual } from 'node:util';
import type { Clock } from '../../domain/clock.ts';
import type { AlertState, DaemonState } from '../state.ts';
import { type AlertThresholds, observe } from './observe.ts';
import type { Outbox } from './outbox.ts';
import { type AlertPolicy, type FiringAlert, reduceAlerts } from './reduce-alerts.ts';
import type { StoreFacts } from './store-facts.ts';

export interface AlertWatchParts {
  readonly clock: Clock;
  readonly outbox: Pick<Outbox, 'post' | 'isDelivered' | 'forget'>;
  readonly settings: () => AlertPolicy & AlertThresholds;
  /** Told when it has changed. */
  readonly tell: (alerts: readonly AlertState[]) => void;
}

export class AlertWatch {
  readonly #parts: AlertWatchParts;
  #firing: readonly FiringAlert[] = [];
  #told: readonly AlertState[] = [];
  #stores: StoreFacts | null = null;

  constructor(parts: AlertWatchParts) {
    this.#parts = parts;
  }

  /** What the stores were found to hold; it counts until the next time. */
  setStores(facts: StoreFacts): void {
    this.#stores = facts;
  }

  /** Called now and then, and whenever something has changed. Cheap. */
  look(state: DaemonState): void {
    const { clock, settings, outbox } = this.#parts;
    const now = clock.now();
    const policy = settings();
    const observation = observe(state, this.#stores, now, policy);
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
        const delivered = this.#parts.outbox.isDelivered(id);
        return { id, kind, severity, subject, message, sinceMs, delivered };
      },
    );
    if (isDeepStrictEqual(alerts, this.#told)) return;
    this.#told = alerts;
    this.#parts.tell(alerts);
  }
}

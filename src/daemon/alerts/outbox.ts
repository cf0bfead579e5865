/**
 * What is on its way to receivers: a queue for each, so that one that is down holds up no other, and
 * nothing holds up the daemon. Tried again until it is taken, refused for good, or too old.
 */
import { setTimeout as pause } from 'node:timers/promises';
import type { Alert, Notification } from '../../domain/alert.ts';
import type { Clock } from '../../domain/time/clock.ts';
import type { DaemonLogger } from '../job.ts';
import { backOffMs } from '../retry.ts';
import { type Receiver, type Sent, wants } from './receiver.ts';

export interface OutboxParts {
  readonly clock: Clock;
  /** In [0, 1). */
  readonly random: () => number;
  readonly logger: DaemonLogger;
  /** Those of the configuration as it is now. */
  readonly receivers: () => readonly Receiver[];
  readonly giveUpAfterMs: () => number;
  /** Called when `deliveryOf` of something may have changed. */
  readonly onChange: () => void;
  readonly backOff?: { readonly firstDelayMs: number; readonly maxDelayMs: number };
}

const BACK_OFF = { firstDelayMs: 1_000, maxDelayMs: 60_000 };
/** Of one receiver. More than this is a storm, of which the newest matter most. */
const MAX_WAITING = 200;

interface Lane {
  readonly waiting: Notification[];
  isDown: boolean;
  running: Promise<void> | null;
}

export interface Delivery {
  /** Those that want it, by name. */
  readonly receivers: readonly string[];
  /** Of these, who has taken the newest word of it. */
  readonly toldTo: readonly string[];
}

export class Outbox {
  readonly #parts: OutboxParts;
  readonly #over = new AbortController();
  readonly #lanes = new Map<string, Lane>();
  /** Alert → the receivers that have taken the newest word of it. */
  readonly #told = new Map<string, { readonly of: Notification; readonly names: Set<string> }>();

  constructor(parts: OutboxParts) {
    this.#parts = parts;
  }

  /** To all who want it but `toldTo`, who have it already. Comes back at once. */
  post(notification: Notification, toldTo: readonly string[] = []): void {
    if (this.#isOver()) return;
    const { alert, event } = notification;
    if (event === 'recovered') this.#told.delete(alert.id);
    else this.#told.set(alert.id, { of: notification, names: new Set(toldTo) });
    for (const name of this.#wanting(alert)) {
      if (!toldTo.includes(name)) this.#enqueue(name, notification);
    }
  }

  deliveryOf(alert: Pick<Alert, 'id' | 'kind'>): Delivery {
    const receivers = this.#wanting(alert);
    const told = this.#told.get(alert.id);
    return { receivers, toldTo: receivers.filter((name) => told?.names.has(name) === true) };
  }

  /** Forgets an alert that somebody else watches now; what is on its way still goes. */
  forget(alertId: string): void {
    this.#told.delete(alertId);
  }

  /** Tries no more. What was not taken is in the log. */
  async close(): Promise<void> {
    this.#over.abort();
    for (const { running } of this.#lanes.values()) await running;
    for (const [name, { waiting }] of this.#lanes) {
      for (const notification of waiting) this.#lose(name, notification, 'the daemon stops');
    }
    this.#lanes.clear();
  }

  #wanting(alert: Pick<Notification['alert'], 'kind'>): readonly string[] {
    const receivers = this.#parts.receivers().filter((receiver) => wants(receiver, alert));
    return receivers.map(({ name }) => name);
  }

  #enqueue(name: string, notification: Notification): void {
    const lane = this.#lanes.get(name) ?? { waiting: [], isDown: false, running: null };
    this.#lanes.set(name, lane);
    lane.waiting.push(notification);
    // The first of them is being sent.
    const [tooOld] = lane.waiting.length > MAX_WAITING ? lane.waiting.splice(1, 1) : [];
    if (tooOld !== undefined) this.#lose(name, tooOld, 'too many wait for this receiver');
    lane.running ??= this.#deliver(name, lane).finally(() => {
      lane.running = null;
    });
  }

  async #deliver(name: string, lane: Lane): Promise<void> {
    for (;;) {
      const [next] = lane.waiting;
      if (next === undefined || this.#isOver()) return;
      const isDone = await this.#tryUntilDone(name, lane, next);
      if (isDone) lane.waiting.shift();
    }
  }

  /** False only when the daemon stops. */
  async #tryUntilDone(name: string, lane: Lane, next: Notification): Promise<boolean> {
    const { clock, logger, random, backOff = BACK_OFF } = this.#parts;
    for (let failures = 1; ; failures += 1) {
      const receiver = this.#parts.receivers().find((one) => one.name === name);
      if (receiver === undefined) {
        this.#lose(name, next, 'the receiver is configured no more');
        return true;
      }
      const sent = await send(receiver, next, this.#over.signal);
      if (sent.ok) {
        if (lane.isDown) logger.info({ receiver: name }, `${name}: takes alerts again`);
        lane.isDown = false;
        this.#taken(name, next);
        return true;
      }
      if (this.#isOver()) return false;
      const ageMs = clock.now() - next.atMs;
      if (sent.isFinal || ageMs >= this.#parts.giveUpAfterMs()) {
        this.#lose(name, next, sent.reason);
        return true;
      }
      if (!lane.isDown) {
        const text = `${name}: does not take alerts (${sent.reason}); it is tried again`;
        logger.warn({ receiver: name }, text);
      }
      lane.isDown = true;
      const delayMs = sent.retryAfterMs ?? backOffMs(backOff, failures, random());
      const boundedMs = Math.min(delayMs, Math.max(backOff.maxDelayMs, MAX_RETRY_AFTER_MS));
      await pause(boundedMs, undefined, { signal: this.#over.signal }).catch(() => undefined);
      if (this.#isOver()) return false;
    }
  }

  #isOver(): boolean {
    return this.#over.signal.aborted;
  }

  #taken(name: string, notification: Notification): void {
    const told = this.#told.get(notification.alert.id);
    // An older word of it does not count.
    if (told?.of === notification) told.names.add(name);
    this.#parts.onChange();
  }

  #lose(name: string, { event, alert }: Notification, reason: string): void {
    this.#parts.logger.error(
      { receiver: name, alert: alert.id, event },
      `${name}: an alert was not delivered (${reason}): ${event.replaceAll('_', ' ')}: ${alert.message}`,
    );
  }
}

/** What a receiver may ask for. */
const MAX_RETRY_AFTER_MS = 10 * 60_000;

/** A sender that throws is a defect of ours; it must not end the queue. */
async function send(
  receiver: Receiver,
  notification: Notification,
  signal: AbortSignal,
): Promise<Sent> {
  try {
    return await receiver.send(notification, signal);
  } catch (error) {
    const reason = error instanceof Error ? error.name : 'failed';
    return { ok: false, reason, isFinal: false, retryAfterMs: null };
  }
}

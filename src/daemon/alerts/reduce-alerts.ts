/**
 * What is told when. A condition is told when it begins, again as long as it lasts, and once when it
 * has ended: not before it has stayed away for a while, so that one that comes and goes is one alert.
 */
import { type Alert, alertId, type Condition, type Notification } from '../../domain/alert.ts';
import type { EpochMs } from '../../domain/time/time-range.ts';

/** What was looked at just now, and what was found. */
export interface Observation {
  /** Kinds, or ids of single alerts, of which `conditions` are all there are. Of others nothing is known. */
  readonly about: readonly string[];
  readonly conditions: readonly Condition[];
  /** Ids that could not be judged this time: they stay as they are. */
  readonly unsure: readonly string[];
  /** Kinds that somebody else watches from here on: dropped without a word. */
  readonly notOurs: readonly string[];
}

export interface FiringAlert extends Alert {
  readonly toldAtMs: EpochMs;
  /** Since when its condition is away; null while it is there. */
  readonly awaySinceMs: EpochMs | null;
}

export interface AlertPolicy {
  readonly repeatMs: number;
  readonly settleMs: number;
}

export interface Reduced {
  readonly firing: readonly FiringAlert[];
  readonly notifications: readonly Notification[];
}

export function reduceAlerts(
  before: readonly FiringAlert[],
  observation: Observation,
  nowMs: EpochMs,
  policy: AlertPolicy,
): Reduced {
  const { about, conditions, unsure, notOurs } = observation;
  const found = new Map(conditions.map((condition) => [alertId(condition), condition]));
  const firing: FiringAlert[] = [];
  const notifications: Notification[] = [];
  for (const alert of before) {
    if (covers(notOurs, alert)) continue;
    const condition = found.get(alert.id);
    const isKnown = covers(about, alert) && !unsure.includes(alert.id);
    const isAway = isKnown && condition === undefined;
    const next = step({ ...alert, ...condition }, isAway, nowMs, policy);
    if (next.notification !== null) notifications.push(next.notification);
    if (next.alert !== null) firing.push(next.alert);
  }
  const known = new Set(before.map(({ id }) => id));
  for (const [id, condition] of found) {
    if (known.has(id)) continue;
    const alert = { ...condition, id, sinceMs: nowMs, toldAtMs: nowMs, awaySinceMs: null };
    firing.push(alert);
    notifications.push(tell('firing', alert, nowMs));
  }
  return { firing, notifications };
}

interface Stepped {
  readonly alert: FiringAlert | null;
  readonly notification: Notification | null;
}

function step(
  alert: FiringAlert,
  isAway: boolean,
  nowMs: EpochMs,
  { repeatMs, settleMs }: AlertPolicy,
): Stepped {
  // A clock that was set back must not silence it for as long as it was ahead.
  const toldAtMs = Math.min(alert.toldAtMs, nowMs);
  if (isAway) {
    const awaySinceMs = Math.min(alert.awaySinceMs ?? nowMs, nowMs);
    if (nowMs - awaySinceMs < settleMs) {
      return { alert: { ...alert, toldAtMs, awaySinceMs }, notification: null };
    }
    return { alert: null, notification: tell('recovered', alert, nowMs) };
  }
  if (nowMs - toldAtMs < repeatMs) {
    return { alert: { ...alert, toldAtMs, awaySinceMs: null }, notification: null };
  }
  return {
    alert: { ...alert, toldAtMs: nowMs, awaySinceMs: null },
    notification: tell('still_firing', alert, nowMs),
  };
}

function covers(names: readonly string[], { kind, id }: FiringAlert): boolean {
  return names.includes(kind) || names.includes(id);
}

function tell(
  event: Notification['event'],
  { id, kind, severity, subject, message, sinceMs }: FiringAlert,
  atMs: EpochMs,
): Notification {
  return { event, alert: { id, kind, severity, subject, message, sinceMs }, atMs };
}

/** Where alerts go. */
import type { AlertKind, Notification } from '../../domain/alert.ts';

export interface Receiver {
  readonly name: string;
  /** Null: all of them. */
  readonly kinds: readonly AlertKind[] | null;
  /** One try. Never rejects; `signal` ends it early. */
  readonly send: (notification: Notification, signal: AbortSignal) => Promise<Sent>;
}

export type Sent =
  | { readonly ok: true; readonly answer: string }
  | {
      readonly ok: false;
      /** In words that hold no secret. */
      readonly reason: string;
      /** It would be refused again. */
      readonly isFinal: boolean;
      /** When the receiver says how long to wait. */
      readonly retryAfterMs: number | null;
    };

export function wants({ kinds }: Receiver, { kind }: Pick<Notification['alert'], 'kind'>): boolean {
  return kinds === null || kind === 'test' || kinds.includes(kind);
}

/** Whose daemon speaks, for those who have several. */
export interface Sender {
  readonly owner: string;
  readonly holder: string;
  /** Of the daemon. */
  readonly host: string;
  /** `db.example:5432/market`: which database it works on. */
  readonly database: string;
}

/** The notification as one JSON document: for webhooks and commands alike. */
export function alertDocument({ event, alert, atMs }: Notification, sender: Sender): AlertDocument {
  return {
    event,
    id: alert.id,
    kind: alert.kind,
    severity: alert.severity,
    subject: alert.subject,
    message: alert.message,
    since: new Date(alert.sinceMs).toISOString(),
    at: new Date(atMs).toISOString(),
    owner: sender.owner,
    daemon: sender.holder,
    host: sender.host,
    database: sender.database,
  };
}

export interface AlertDocument {
  readonly event: string;
  readonly id: string;
  readonly kind: string;
  readonly severity: string;
  readonly subject: string;
  readonly message: string;
  readonly since: string;
  readonly at: string;
  readonly owner: string;
  readonly daemon: string;
  readonly host: string;
  readonly database: string;
}

const EVENTS: Readonly<Record<string, string>> = {
  firing: 'alert',
  still_firing: 'still',
  recovered: 'recovered',
  test: 'test',
};

/** On one line, for people. */
export function alertText(document: AlertDocument): string {
  const { event, severity, kind, message, since, owner, host, database } = document;
  const what = kind.replaceAll('_', ' ');
  const ofWhom = owner === 'default' ? 'tierd' : `tierd (${owner})`;
  const word = event === 'firing' ? severity : (EVENTS[event] ?? event);
  const began = event === 'still_firing' || event === 'recovered' ? ` (since ${since})` : '';
  return `[${word}] ${ofWhom} on ${host}, database ${database}: ${what}: ${message}${began}`;
}

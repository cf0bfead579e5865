/** Alerts over HTTP: as plain JSON, or in the form that Slack and those like it take. */
import { limitTime } from '../time-limit.ts';
import {
  type AlertDocument,
  alertDocument,
  alertText,
  type Receiver,
  type Sender,
  type Sent,
} from './receiver.ts';

export interface Webhook {
  readonly name: string;
  /** Often a secret by itself: it is shown nowhere. */
  readonly url: string;
  readonly format: 'slack' | 'json';
  readonly timeoutMs: number;
}

const MAX_ANSWER_SHOWN = 200;
/** Asking again would not help, but for these. */
const MAY_PASS: ReadonlySet<number> = new Set([408, 425, 429]);

export function webhookSender(webhook: Webhook, sender: Sender): Receiver['send'] {
  const { url, format, timeoutMs } = webhook;
  return async (notification, signal) => {
    const document = alertDocument(notification, sender);
    const body = format === 'slack' ? slackBody(document) : document;
    const limit = limitTime(signal, timeoutMs);
    try {
      const response = await fetch(url, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'user-agent': 'tierd' },
        body: JSON.stringify(body),
        // A redirected POST becomes a GET without a body: that is no delivery.
        redirect: 'manual',
        signal: limit.signal,
      });
      return judge(response, await startOf(response));
    } catch (error) {
      const isLate = limit.signal.aborted && !signal.aborted;
      const reason = isLate ? `no answer within ${String(timeoutMs)} ms` : causeOf(error);
      return { ok: false, reason, isFinal: false, retryAfterMs: null };
    } finally {
      limit.release();
    }
  };
}

/** Slack's escapes; everything else is text. https://docs.slack.dev/messaging/formatting-message-text */
function slackBody(document: AlertDocument): { readonly text: string } {
  const escaped = alertText(document)
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;');
  return { text: escaped };
}

function judge({ status, headers }: Response, text: string): Sent {
  const answer = `HTTP ${String(status)}${text === '' ? '' : `: ${text}`}`;
  if (status >= 200 && status < 300) return { ok: true, answer };
  const isFinal = status < 500 && !MAY_PASS.has(status);
  const seconds = headers.get('retry-after') ?? '';
  const retryAfterMs = /^\d{1,6}$/.test(seconds) ? Number(seconds) * 1_000 : null;
  return { ok: false, reason: answer, isFinal, retryAfterMs };
}

/** No more is read than is shown: whoever answers may go on for ever. */
async function startOf(response: Response): Promise<string> {
  const reader = (response.body as ReadableStream<Uint8Array> | null)?.getReader();
  if (reader === undefined) return '';
  let text = '';
  const decoder = new TextDecoder();
  while (text.length < MAX_ANSWER_SHOWN) {
    const { done, value } = await reader.read();
    if (done) break;
    text += decoder.decode(value, { stream: true });
  }
  // The rest of an answer that has been judged: nothing depends on it.
  await reader.cancel().catch(() => undefined);
  return text.slice(0, MAX_ANSWER_SHOWN).replaceAll(/\s+/g, ' ').trim();
}

/** fetch's own message says nothing, and may quote the address; the system's code says enough. */
function causeOf(error: unknown): string {
  const cause: unknown = error instanceof Error ? (error.cause ?? error) : error;
  const { code, name } = (cause ?? {}) as { readonly code?: unknown; readonly name?: unknown };
  if (typeof code === 'string') return code;
  return typeof name === 'string' ? name : 'failed';
}

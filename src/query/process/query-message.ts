/** What the process of a query and its parent say to each other, over the channel between them. */
import { ERROR_CODES, type ErrorCode, TierdError } from '../../domain/errors.ts';
import type { QueryHead, QuerySummary } from '../query-request.ts';

/** `task` is what the two have agreed on; it has to survive structured cloning. */
export type ToQuery =
  | { readonly kind: 'task'; readonly task: unknown }
  | { readonly kind: 'interrupt' }
  /** There will be no further task. */
  | { readonly kind: 'leave' };

export type FromQuery =
  | { readonly kind: 'taken' }
  | { readonly kind: 'warning'; readonly text: string }
  | { readonly kind: 'begun'; readonly head: QueryHead }
  | QueryEnd;

/** Last of a task. Its rows come another way, and may come later: so many bytes there are of them. */
export type QueryEnd = { readonly rowBytes: number } & (
  | { readonly kind: 'answered'; readonly summary: QuerySummary }
  | { readonly kind: 'failed'; readonly error: SentError }
);

export interface SentError {
  /** Null for what nobody foresaw. */
  readonly code: ErrorCode | null;
  readonly message: string;
  readonly hint?: string;
  readonly context: Readonly<Record<string, unknown>>;
  /** For `--stack`. */
  readonly stack: string;
}

/** Of what a question asks, found out before any of it runs. */
const REFUSALS: ReadonlySet<ErrorCode | null> = new Set([
  'QUERY_INVALID',
  'QUERY_NOT_ALLOWED',
  'DATASET_NOT_FOUND',
] satisfies readonly ErrorCode[]);

export function isRefusal(code: ErrorCode | null): boolean {
  return REFUSALS.has(code);
}

/** An error has a prototype and a cause, which a message can't carry. */
export function toSent(thrown: unknown): SentError {
  const stack = thrown instanceof Error ? (thrown.stack ?? '') : '';
  if (thrown instanceof TierdError) {
    const { code, message, hint, context } = thrown;
    return { code, message, context, stack, ...(hint === undefined ? {} : { hint }) };
  }
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  return { code: null, message, context: {}, stack };
}

/** @returns a TierdError where it was one */
export function fromSent({ code, message, hint, context, stack }: SentError): Error {
  const cause = new Error(message);
  cause.stack = stack;
  if (code === null || !(code in ERROR_CODES)) return cause;
  return new TierdError({
    code,
    message,
    context,
    cause,
    ...(hint === undefined ? {} : { hint }),
  });
}

const FROM_QUERY: ReadonlySet<unknown> = new Set([
  'taken',
  'warning',
  'begun',
  'answered',
  'failed',
] satisfies readonly FromQuery['kind'][]);
const TO_QUERY: ReadonlySet<unknown> = new Set([
  'task',
  'interrupt',
  'leave',
] satisfies readonly ToQuery['kind'][]);

/** Undefined for what is none of ours: a library may use the channel too. */
export function parseFromQuery(value: unknown): FromQuery | undefined {
  return FROM_QUERY.has(kindOf(value)) ? (value as FromQuery) : undefined;
}

export function parseToQuery(value: unknown): ToQuery | undefined {
  return TO_QUERY.has(kindOf(value)) ? (value as ToQuery) : undefined;
}

function kindOf(value: unknown): unknown {
  return typeof value === 'object' && value !== null && 'kind' in value ? value.kind : undefined;
}

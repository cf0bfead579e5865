/** What is in the SDK's answers, or must be. */
import { failureOf } from './sdk-failure.ts';

/** What a server must say and some do not, which is no answer that anything can be built on. */
export function given<Value>(value: Value | undefined, name: string): Value {
  if (value !== undefined) return value;
  throw failureOf(new Error(`the answer has no ${name}`));
}

const CONTENT_RANGE = /^bytes (?<from>[0-9]+)-(?<to>[0-9]+)\/(?<whole>[0-9]+)$/;

/** A server that ignores the range, or gives another one, must not be believed. */
export function objectLength(
  contentRange: string | undefined,
  from: number,
  bytes: number,
): number {
  const { groups } = CONTENT_RANGE.exec(contentRange ?? '') ?? {};
  const isAsked =
    groups !== undefined &&
    Number(groups['from']) === from &&
    Number(groups['to']) === from + bytes - 1;
  if (isAsked) return Number(groups['whole']);
  throw failureOf(
    new Error(`asked for bytes from ${String(from)}, the answer is of ${contentRange ?? 'all'}`),
  );
}

/** What verbs have in common by which a person decides on time of a dataset: which time, and why. */
import { TierdError } from '../domain/errors.ts';
import type { EpochMs, TimeRange } from '../domain/time/time-range.ts';

type Usage = (message: string) => TierdError;

/** @param verb whose `--help` says more */
export function usageOf(verb: string): Usage {
  return (message) =>
    new TierdError({
      code: 'USAGE',
      message: `${message}; nothing was done.`,
      hint: `See \`tierd ${verb} --help\`.`,
    });
}

const BEGINNING: EpochMs = Date.parse('0001-01-01T00:00:00Z');
const END: EpochMs = Date.parse('9999-12-31T00:00:00Z');

/** Null is all of time. */
export function spanOf(
  { from, to }: { readonly from?: EpochMs; readonly to?: EpochMs },
  usage: Usage,
): TimeRange | null {
  if (from === undefined && to === undefined) return null;
  const span = { fromInclusive: from ?? BEGINNING, toExclusive: to ?? END };
  if (span.fromInclusive < span.toExclusive) return span;
  throw usage('--to must be later than --from');
}

export function reasonOf(text: string, usage: Usage): string {
  const reason = text.trim();
  if (reason !== '') return reason;
  throw usage('--reason is empty');
}

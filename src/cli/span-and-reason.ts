/** What verbs have in common by which a person decides on time of a dataset: which time, and why. */
import type { Dataset } from '../domain/dataset.ts';
import { TierdError } from '../domain/errors.ts';
import type { EpochMs, TimeRange } from '../domain/time/time-range.ts';
import type { TableTime } from './arguments.ts';

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

type Zoned = Pick<Dataset, 'name' | 'timeZone'>;

/**
 * Rows of a dataset with `time_zone` have local times, which are read as if they were UTC: an instant that says how far it
 * is from UTC would be hours beside what was meant, and other rows be deleted, held or brought back.
 */
export function timeOf({ name, timeZone }: Zoned, { text, at }: TableTime, usage: Usage): EpochMs {
  if (timeZone === undefined || !/(?:Z|[+-]\d{2}:\d{2})$/.test(text)) return at;
  throw usage(
    `${text} says a zone, and the rows of ${name} have the local time of ${timeZone} without one: write the time as the table has it`,
  );
}

/** Null is all of time. */
export function spanOf(
  dataset: Zoned,
  { from, to }: { readonly from?: TableTime; readonly to?: TableTime },
  usage: Usage,
): TimeRange | null {
  if (from === undefined && to === undefined) return null;
  const span = {
    fromInclusive: from === undefined ? BEGINNING : timeOf(dataset, from, usage),
    toExclusive: to === undefined ? END : timeOf(dataset, to, usage),
  };
  if (span.fromInclusive < span.toExclusive) return span;
  throw usage('--to must be later than --from');
}

export function reasonOf(text: string, usage: Usage): string {
  const reason = text.trim();
  if (reason !== '') return reason;
  throw usage('--reason is empty');
}

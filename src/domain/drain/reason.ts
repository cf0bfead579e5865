/** Why an entry did not become a row. The codes are stable: scripts and dead letters hold them. */
export const REASONS = {
  too_large: 'larger than drain.batch.max_entry_size',
  not_utf8: 'bytes that are not UTF-8 text',
  nul_byte: 'a NUL character, which PostgreSQL holds in no text',
  not_json: 'not one JSON object',
  missing: 'no value',
  not_a_number: 'not a finite decimal number',
  not_an_integer: 'not a whole number',
  not_a_boolean: 'neither true nor false',
  not_a_time: 'not a time of the configured type',
  time_out_of_range: 'a time that can not be held to the microsecond',
  time_too_fine: 'a time finer than what the column holds',
  out_of_range: 'outside the configured range',
  too_old: 'older than max_age',
  too_new: 'further in the future than max_future',
  ohlc: 'a bar whose low or high does not enclose open and close',
  not_monotonic: 'older than the last entry of its kind',
  duplicate: 'the same again',
  came_again: 'comes from before the mark up to which its stream was drained',
  same_key: 'another entry has a row of the same key',
  anomaly: 'a jump',
  refused: 'refused by PostgreSQL',
} as const;

export type ReasonCode = keyof typeof REASONS;

export interface Reason {
  readonly code: ReasonCode;
  /** In words, with the column and what was found. */
  readonly text: string;
}

const SHOWN = 80;

/** `price: "abc" is not a finite decimal number`. */
export function reasonFor(code: ReasonCode, column: string | null, found?: string): Reason {
  const what = found === undefined ? '' : `${show(found)}: `;
  return { code, text: `${column === null ? '' : `${column}: `}${what}${REASONS[code]}` };
}

function show(text: string): string {
  // Control characters escaped: this ends up in terminals and in a text column.
  return JSON.stringify(text.length > SHOWN ? `${text.slice(0, SHOWN)}…` : text);
}

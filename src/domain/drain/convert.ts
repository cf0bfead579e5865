/** One value's text, from what the live store held to what PostgreSQL reads. */
import { countTime, type EpochUs, formatTime, parseTime, type TimeType } from './parse-time.ts';
import type { ReasonCode } from './reason.ts';
import type { ValueType } from './source.ts';
import { isJson } from './split-json.ts';

/** How a column wants its value: its type, and for a time what the column counts in. */
export interface Target {
  readonly type: ValueType;
  /** For times in a column of integers. */
  readonly countsIn: 's' | 'ms' | 'us' | 'ns' | null;
}

/** The text that PostgreSQL reads, of a time together with the time. */
export type Converted =
  | string
  | { readonly text: string; readonly timeUs: EpochUs }
  | { readonly reason: ReasonCode };

const NUMBER = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/;
const INTEGER = /^[+-]?\d+$/;
const TRUE = /^(?:true|t|yes|y|on|1)$/i;
const FALSE = /^(?:false|f|no|n|off|0)$/i;

/** Numbers pass as they are written: only PostgreSQL turns them into numbers. */
export function convert(text: string, { type, countsIn }: Target): Converted {
  switch (type) {
    case 'text':
      return text.includes('\0') ? { reason: 'nul_byte' } : text;
    case 'number':
      return NUMBER.test(text) ? text : { reason: 'not_a_number' };
    case 'integer':
      return INTEGER.test(text) ? text : { reason: 'not_an_integer' };
    case 'boolean':
      if (TRUE.test(text)) return 'true';
      return FALSE.test(text) ? 'false' : { reason: 'not_a_boolean' };
    case 'json':
      return isJson(text) ? text : { reason: 'not_json' };
    case 'bytes':
      return `\\x${Buffer.from(text).toString('hex')}`;
    case 'time_s':
    case 'time_ms':
    case 'time_us':
    case 'time_ns':
    case 'time_iso':
      return convertTime(text, type, countsIn);
  }
}

function convertTime(text: string, type: TimeType, countsIn: Target['countsIn']): Converted {
  const timeUs = parseTime(text, type);
  if (typeof timeUs === 'string') return { reason: timeUs };
  if (countsIn === null) return { text: formatTime(timeUs), timeUs };
  const count = countTime(timeUs, countsIn);
  return count === null ? { reason: 'time_too_fine' } : { text: count, timeUs };
}

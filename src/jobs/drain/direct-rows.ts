/**
 * From the bytes of Redis' reply to those of COPY, without a text in between: for most rows of most
 * sources seven texts, seven regular expressions and their garbage. Only for values whose bytes are
 * COPY's already, and times as plain counts; every other entry is mapped, by the rules that hold.
 */
import type { Mapped, MappedRow, RowPlan } from '../../domain/drain/map-entry.ts';
import type { EpochUs } from '../../domain/drain/parse-time.ts';
import type { Rules, ValueType } from '../../domain/drain/source.ts';
import type { LiveEntry } from '../../domain/live/live-entry.ts';
import type { CopyText } from '../../hot/copy/copy-text.ts';
import { TimeText } from './time-text.ts';

export interface DirectRows {
  /** Appends the entry's row, the bytes that its mapped values would be. False: nothing is written. */
  write(entry: LiveEntry, text: CopyText): boolean;
  /** Of the dataset's time column, of the row that was written last. */
  readonly timeUs: EpochUs | null;
}

/** Its values are made where somebody asks for them: when PostgreSQL did not take all rows as new. */
export class DirectRow implements MappedRow {
  readonly timeUs: EpochUs | null;
  readonly #entry: LiveEntry;
  readonly #map: (entry: LiveEntry) => Mapped;

  constructor(entry: LiveEntry, map: (entry: LiveEntry) => Mapped, timeUs: EpochUs | null) {
    this.#entry = entry;
    this.#map = map;
    this.timeUs = timeUs;
  }

  get values(): (string | null)[] {
    const row = this.#map(this.#entry);
    if ('reason' in row) {
      throw new RangeError(`a row was written of an entry that is none: ${row.reason.text}`);
    }
    return row.values;
  }
}

/** Null where a column asks for more than bytes can tell, or a rule asks for a row's values. */
export function openDirectRows(plan: RowPlan, rules: Rules): DirectRows | null {
  if (plan.format !== 'hash' || asksForValues(rules)) return null;
  const columns: Column[] = [];
  for (const { origin, target } of plan.columns) {
    const kind = KINDS[target.type];
    if (origin.from !== 'field' || kind === undefined || target.countsIn !== null) return null;
    columns.push({ name: origin.name, kind, usPerUnit: US_PER_UNIT[target.type] ?? 1 });
  }
  return new ByteWriter(columns, plan);
}

function asksForValues(rules: Rules): boolean {
  const { required, ranges, ohlc, monotonic, duplicates, anomalies } = rules;
  return (
    required.length + ranges.length + anomalies.length > 0 ||
    ohlc !== null ||
    monotonic !== null ||
    duplicates !== null
  );
}

type Kind = 'text' | 'number' | 'integer' | 'time';

interface Column {
  readonly name: string;
  readonly kind: Kind;
  /** Of a time. */
  readonly usPerUnit: number;
}

const KINDS: Readonly<Partial<Record<ValueType, Kind>>> = {
  text: 'text',
  number: 'number',
  integer: 'integer',
  time_s: 'time',
  time_ms: 'time',
  time_us: 'time',
};
const US_PER_UNIT: Readonly<Partial<Record<ValueType, number>>> = {
  time_s: 1_000_000,
  time_ms: 1_000,
};

const [TAB, LINE_FEED, BACKSLASH] = [0x09, 0x0a, 0x5c];
const [PLUS, MINUS, POINT, ZERO, NINE] = [0x2b, 0x2d, 0x2e, 0x30, 0x39];
const [SPACE, TILDE] = [0x20, 0x7e];
/** More may be no safe integer before it is multiplied. */
const MOST_DIGITS = 15;

class ByteWriter implements DirectRows {
  timeUs: EpochUs | null = null;
  readonly #columns: readonly Column[];
  readonly #timeIndex: number;
  readonly #maxEntryBytes: number;
  readonly #time = new TimeText();
  #names: readonly string[] | null = null;
  /** For each column, which of the entry's fields it is; -1 for none. */
  #fields: readonly number[] = [];

  constructor(columns: readonly Column[], { timeIndex, maxEntryBytes }: RowPlan) {
    this.#columns = columns;
    this.#timeIndex = timeIndex;
    this.#maxEntryBytes = maxEntryBytes;
  }

  write({ payload }: LiveEntry, text: CopyText): boolean {
    if (payload.kind !== 'fields' || payload.values.bytes > this.#maxEntryBytes) return false;
    const { names } = payload;
    const packed = payload.values.packed();
    if (packed === null) return false;
    if (names !== this.#names) {
      this.#names = names;
      // A field that is named twice: the last one counts.
      this.#fields = this.#columns.map(({ name }) => names.lastIndexOf(name));
    }
    const { bytes: from, bounds } = packed;
    text.reserve(this.#roomFor(bounds));
    return this.#writeRow(from, bounds, text);
  }

  /** The most that the row can take: each value as it is, or a time, and a sign behind it. */
  #roomFor(bounds: readonly number[]): number {
    let bytes = 0;
    for (const field of this.#fields) {
      const length = field < 0 ? 0 : (bounds[field * 2 + 1] ?? 0) - (bounds[field * 2] ?? 0);
      bytes += Math.max(length, TimeText.BYTES) + 1;
    }
    return bytes;
  }

  #writeRow(from: Buffer, bounds: readonly number[], text: CopyText): boolean {
    const to = text.bytes;
    let at = text.at;
    let timeUs: EpochUs | null = null;
    for (let index = 0; index < this.#columns.length; index += 1) {
      const column = this.#columns[index];
      const field = this.#fields[index] ?? -1;
      if (column === undefined || field < 0) return false;
      const begin = bounds[field * 2] ?? 0;
      const end = bounds[field * 2 + 1] ?? 0;
      // Nothing may be missing, or a text: that is the column's to say.
      if (begin === end) return false;
      if (column.kind === 'time') {
        const us = countAt(from, begin, end) * column.usPerUnit;
        if (!Number.isSafeInteger(us)) return false;
        if (index === this.#timeIndex) timeUs = us;
        at = this.#time.write(us, to, at);
      } else {
        if (!isPlain(from, begin, end, column.kind)) return false;
        for (let position = begin; position < end; position += 1) {
          to[at++] = from[position] ?? 0;
        }
      }
      to[at++] = TAB;
    }
    to[at - 1] = LINE_FEED;
    text.at = at;
    this.timeUs = timeUs;
    return true;
  }
}

/** The count that is written there in digits alone; NaN when it is another, or a large one. */
function countAt(bytes: Buffer, begin: number, end: number): number {
  if (end - begin > MOST_DIGITS) return Number.NaN;
  let count = 0;
  for (let position = begin; position < end; position += 1) {
    const digit = bytes[position] ?? 0;
    if (digit < ZERO || digit > NINE) return Number.NaN;
    count = count * 10 + digit - ZERO;
  }
  return count;
}

function isPlain(bytes: Buffer, begin: number, end: number, kind: Exclude<Kind, 'time'>): boolean {
  return kind === 'text'
    ? isPlainText(bytes, begin, end)
    : isPlainNumber(bytes, begin, end, kind === 'number');
}

/** Signs that COPY takes as they are and that are one byte in any encoding. */
function isPlainText(bytes: Buffer, begin: number, end: number): boolean {
  for (let position = begin; position < end; position += 1) {
    const byte = bytes[position] ?? 0;
    if (byte < SPACE || byte > TILDE || byte === BACKSLASH) return false;
  }
  return true;
}

/** A sign or none, digits, and for a number a point or none between two of them. */
function isPlainNumber(bytes: Buffer, begin: number, end: number, mayHavePoint: boolean): boolean {
  const first = bytes[begin] === MINUS || bytes[begin] === PLUS ? begin + 1 : begin;
  let point = mayHavePoint ? -1 : first;
  for (let position = first; position < end; position += 1) {
    const byte = bytes[position] ?? 0;
    if (byte >= ZERO && byte <= NINE) continue;
    if (byte !== POINT || point >= 0 || position === first || position === end - 1) return false;
    point = position;
  }
  return end > first;
}

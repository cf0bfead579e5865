/** An entry of the live store → the row that it becomes, or why it can't. Pure and quick. */
import { isUtf8 } from 'node:buffer';
import { type KeyPattern, matchKey } from '../live/key-pattern.ts';
import type { LiveEntry } from '../live/live-entry.ts';
import { convert, type Target } from './convert.ts';
import type { EpochUs } from './parse-time.ts';
import { type Reason, reasonFor } from './reason.ts';
import type { BuiltIn, ColumnMapping, EntryFormat, OnMissing } from './source.ts';
import { splitJson } from './split-json.ts';

/** A mapping whose types are known, for the columns of one table. */
export interface RowPlan {
  readonly pattern: KeyPattern;
  readonly format: EntryFormat;
  readonly maxEntryBytes: number;
  readonly columns: readonly (ColumnMapping & { readonly target: Target })[];
  /** Which of them tells how old a row is; -1 when none is mapped to it. */
  readonly timeIndex: number;
}

export interface MappedRow {
  /** As PostgreSQL reads them, in the order of the plan's columns. */
  readonly values: (string | null)[];
  /** Of the dataset's time column. */
  readonly timeUs: EpochUs | null;
}

export type Mapped = MappedRow | { readonly reason: Reason };

/** What is the same for a batch of entries. */
export interface Reading {
  /** When they were read, microseconds since 1970. */
  readonly capturedUs: EpochUs;
  /** What `$entry` is. */
  readonly nameOf: (entry: LiveEntry) => string;
}

export type MapEntry = (entry: LiveEntry, reading: Reading) => Mapped;

type Slot = Buffer | string | null;

/**
 * Prepares the plan for many entries. The function that comes back keeps what it found out about the
 * last key and the last list of names, for most entries have the same.
 */
export function prepareMapping(plan: RowPlan): MapEntry {
  const fields = [
    ...new Set(
      plan.columns.flatMap(({ origin }) => (origin.from === 'field' ? [origin.name] : [])),
    ),
  ];
  const read = fieldReader(plan.format, fields);
  const captures = captureReader(plan.pattern);
  const columns = plan.columns.map((column) => ({
    ...column,
    slot: column.origin.from === 'field' ? fields.indexOf(column.origin.name) : -1,
    capture:
      column.origin.from === 'capture' ? plan.pattern.captures.indexOf(column.origin.name) : -1,
  }));
  const hasCaptures = columns.some(({ capture }) => capture >= 0);
  return (entry, reading) => {
    if (sizeOf(entry) > plan.maxEntryBytes) {
      const found = `${String(sizeOf(entry))} bytes`;
      return {
        reason: { code: 'too_large', text: `${found}: ${reasonFor('too_large', null).text}` },
      };
    }
    const slots = read(entry);
    if (!Array.isArray(slots)) return slots;
    const captured = hasCaptures ? captures(entry.key) : [];
    const values: (string | null)[] = [];
    let timeUs: EpochUs | null = null;
    for (let index = 0; index < columns.length; index += 1) {
      const planned = columns[index];
      if (planned === undefined) break;
      const { column, origin, target, onMissing, slot, capture } = planned;
      let value: Slot;
      if (slot >= 0) value = slots[slot] ?? null;
      else if (capture >= 0) value = captured[capture] ?? null;
      else
        value =
          origin.from === 'constant'
            ? origin.text
            : builtIn(origin.name as BuiltIn, entry, reading);
      if (Buffer.isBuffer(value) && target.type === 'bytes') {
        values.push(`\\x${value.toString('hex')}`);
        continue;
      }
      const text = textOf(value);
      if (text === undefined) return { reason: reasonFor('not_utf8', column, showBytes(value)) };
      const present = presentOf(text, target, onMissing);
      if (present === null) {
        // `$flags` is filled in by the rules, behind this.
        const rejects =
          onMissing.then === 'reject' && origin.from !== 'constant' && origin.name !== '$flags';
        if (rejects) return { reason: reasonFor('missing', column) };
        values.push(null);
        continue;
      }
      const converted = convert(present, target);
      if (typeof converted === 'string') {
        values.push(converted);
        continue;
      }
      if ('reason' in converted) return { reason: reasonFor(converted.reason, column, present) };
      values.push(converted.text);
      if (index === plan.timeIndex) timeUs = converted.timeUs;
    }
    return { values, timeUs };
  };
}

function sizeOf({ payload }: LiveEntry): number {
  if (payload.kind === 'value') return payload.value.length;
  return payload.values.bytes;
}

/** Nothing is a value to a column of text or bytes, and none to any other. */
function presentOf(text: string | null, { type }: Target, onMissing: OnMissing): string | null {
  if (text !== null && (text !== '' || type === 'text' || type === 'bytes')) return text;
  return onMissing.then === 'default' ? onMissing.text : null;
}

/** Undefined for bytes that are not UTF-8. */
function textOf(value: Slot): string | null | undefined {
  if (value === null || typeof value === 'string') return value;
  const text = value.toString('utf8');
  // Only text that decoding may have mended needs the second look.
  return text.includes('\ufffd') && !isUtf8(value) ? undefined : text;
}

function showBytes(value: Slot): string {
  return Buffer.isBuffer(value) ? value.subarray(0, 100).toString('latin1') : (value ?? '');
}

type FieldReader = (entry: LiveEntry) => Slot[] | { readonly reason: Reason };

function fieldReader(format: EntryFormat, wanted: readonly string[]): FieldReader {
  const slotOf = new Map(wanted.map((name, index) => [name, index]));
  let names: readonly string[] | null = null;
  let slots: readonly number[] = [];
  return ({ payload }) => {
    const read = new Array<Slot>(wanted.length).fill(null);
    if (payload.kind === 'fields') {
      if (payload.names !== names) {
        names = payload.names;
        slots = names.map((name) => slotOf.get(name) ?? -1);
      }
      for (let index = 0; index < slots.length; index += 1) {
        const slot = slots[index] ?? -1;
        if (slot >= 0) read[slot] = payload.values.at(index);
      }
      return read;
    }
    if (format !== 'json') return read;
    const text = textOf(payload.value);
    if (typeof text !== 'string')
      return { reason: reasonFor('not_utf8', null, showBytes(payload.value)) };
    const isObject = splitJson(text, (name, value) => {
      const slot = slotOf.get(name);
      if (slot !== undefined) read[slot] = value;
    });
    return isObject ? read : { reason: reasonFor('not_json', null, text) };
  };
}

function captureReader(pattern: KeyPattern): (key: string) => readonly string[] {
  let lastKey: string | null = null;
  let captured: readonly string[] = [];
  return (key) => {
    if (key !== lastKey) {
      captured = matchKey(pattern, key) ?? [];
      lastKey = key;
    }
    return captured;
  };
}

function builtIn(name: BuiltIn, entry: LiveEntry, { capturedUs, nameOf }: Reading): Slot {
  switch (name) {
    case '$key':
      return entry.key;
    case '$id':
    case '$index':
    case '$score':
      return entry.id;
    case '$entry':
      return nameOf(entry);
    case '$time':
      return entry.id?.split('-', 1)[0] ?? null;
    case '$member':
    case '$value':
      return wholeOf(entry);
    case '$captured':
      return String(capturedUs);
    case '$flags':
      return null;
  }
}

/** A hash as a JSON object of texts; anything else as it is. */
function wholeOf({ payload }: LiveEntry): Slot {
  if (payload.kind === 'value') return payload.value;
  const { names, values } = payload;
  const members: string[] = [];
  for (const [index, name] of names.entries()) {
    const text = values.at(index);
    // Not UTF-8: handed on as it is, to be refused as such.
    if (typeof text !== 'string') return text;
    members.push(`${JSON.stringify(name)}:${JSON.stringify(text)}`);
  }
  return `{${members.join(',')}}`;
}

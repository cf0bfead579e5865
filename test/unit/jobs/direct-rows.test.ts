import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { prepareMapping, type RowPlan } from '../../../src/domain/drain/map-entry.ts';
import { NO_RULES, type ValueType } from '../../../src/domain/drain/source.ts';
import { parseKeyPattern } from '../../../src/domain/live/key-pattern.ts';
import type { LiveEntry } from '../../../src/domain/live/live-entry.ts';
import { encodeRows } from '../../../src/hot/copy/copy-in.ts';
import { CopyText } from '../../../src/hot/copy/copy-text.ts';
import { DirectRow, openDirectRows } from '../../../src/jobs/drain/direct-rows.ts';
import { FieldReader } from '../../../src/live/packed-fields.ts';

const READING = { capturedUs: 0, nameOf: () => 'its-name' };

function planOf(types: readonly ValueType[], changes: Partial<RowPlan> = {}): RowPlan {
  return {
    pattern: parseKeyPattern('bar:{number}'),
    format: 'hash',
    maxEntryBytes: 1_000,
    columns: types.map((type, index) => ({
      column: `c${String(index)}`,
      origin: { from: 'field', name: `f${String(index)}` },
      type,
      onMissing: index % 2 === 0 ? { then: 'reject' } : { then: 'null' },
      target: { type, countsIn: null },
    })),
    timeIndex: types.findIndex((type) => type.startsWith('time_')),
    ...changes,
  };
}

/** As Redis replies to HGETALL. */
function entryOf(reader: FieldReader, fields: readonly (readonly [string, Buffer])[]): LiveEntry {
  const texts = fields.flatMap(([name, value]) => [Buffer.from(name), value]);
  const packed = Buffer.concat([
    Buffer.from(`%${String(fields.length)}\r\n`),
    ...texts.flatMap((text) => [
      Buffer.from(`$${String(text.length)}\r\n`),
      text,
      Buffer.from('\r\n'),
    ]),
  ]);
  return { key: 'bar:1', id: null, payload: reader.read(packed) };
}

/** Plain ones, and all that is nearly so. */
const value = fc.oneof(
  { weight: 4, arbitrary: fc.integer({ min: 0, max: 4_000_000_000_000 }).map(String) },
  { weight: 2, arbitrary: fc.integer().map((cents) => String(cents / 100)) },
  { weight: 2, arbitrary: fc.maxSafeInteger().map(String) },
  fc.double().map(String),
  fc.string({ unit: fc.constantFrom('1', '.', '-', '+', 'e', ' ', '0', '9'), maxLength: 8 }),
  fc.string({ unit: 'binary', maxLength: 8 }),
  fc.constantFrom('', '\\N', '\\.', 'a\tb', 'a\nb', 'a\rb', '\0', '\x7f', 'NaN', 'é', '~ !'),
);
const bytes = fc.oneof(
  { weight: 9, arbitrary: value.map((text) => Buffer.from(text)) },
  fc.uint8Array({ maxLength: 5 }).map((array) => Buffer.from(array)),
);
const type = fc.constantFrom<ValueType>(
  'text',
  'number',
  'integer',
  'time_s',
  'time_ms',
  'time_us',
);

describe('rows copied from bytes', () => {
  it('are those that mapping and encoding give, or none', () => {
    let written = 0;
    fc.assert(
      fc.property(
        fc.array(type, { minLength: 1, maxLength: 4 }),
        fc.array(
          fc.array(fc.tuple(fc.constantFrom('f0', 'f1', 'f2', 'f3', 'other'), bytes), {
            maxLength: 6,
          }),
          { minLength: 1, maxLength: 8 },
        ),
        (types, entries) => {
          const plan = planOf(types);
          const map = prepareMapping(plan);
          const direct = openDirectRows(plan, NO_RULES);
          const reader = new FieldReader();
          const text = new CopyText(1);
          const expected: Buffer[] = [];
          for (const fields of entries) {
            const entry = entryOf(reader, fields);
            if (direct?.write(entry, text) !== true) continue;
            written += 1;
            const row = map(entry, READING);
            if ('reason' in row) throw new Error(`written, and no row: ${row.reason.text}`);
            expected.push(encodeRows([row.values]));
            expect(direct.timeUs).toBe(row.timeUs);
          }
          expect(text.written()).toEqual(Buffer.concat(expected));
        },
      ),
      { numRuns: 3_000 },
    );
    expect(written).toBeGreaterThan(300);
  });

  it('are those of any time that a count tells', () => {
    const plan = planOf(['time_us']);
    const map = prepareMapping(plan);
    const direct = openDirectRows(plan, NO_RULES);
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 999_999_999_999_999 }), (us) => {
        const entry = entryOf(new FieldReader(), [['f0', Buffer.from(String(us))]]);
        const text = new CopyText(1);
        expect(direct?.write(entry, text)).toBe(true);
        const row = map(entry, READING);
        expect(text.written().toString()).toBe(
          'reason' in row ? row.reason.text : `${row.values[0] ?? ''}\n`,
        );
      }),
      { numRuns: 2_000 },
    );
  });

  it('are what bars are written as, and leave what is odd to the mapping', () => {
    const plan = planOf(['time_ms', 'text', 'number', 'integer']);
    const direct = openDirectRows(plan, NO_RULES);
    const bar = ['1704067200123', 'S00001', '-101.25', '+7'];
    const write = (index: number, text: string | Buffer): string | null => {
      const fields = bar.map((good, at): [string, Buffer] => [
        `f${String(at)}`,
        Buffer.from((at === index ? text : good) as string),
      ]);
      const copied = new CopyText(1);
      const isWritten = direct?.write(entryOf(new FieldReader(), fields), copied) === true;
      expect(copied.at > 0).toBe(isWritten);
      return isWritten ? copied.written().toString() : null;
    };
    expect(write(0, '1704067200123')).toBe('2024-01-01 00:00:00.123000+00\tS00001\t-101.25\t+7\n');
    for (const odd of ['-1', '1e12', '1704067200.5', '9999999999999999']) {
      expect(write(0, odd)).toBeNull();
    }
    for (const odd of ['a\\b', 'a\tb', 'a\nb', 'a\0', 'é', '', Buffer.from([0xff])]) {
      expect(write(1, odd)).toBeNull();
    }
    for (const odd of ['', '-', '.', '1.', '.5', '1.2.3', '1e5', 'NaN', ' 1']) {
      expect(write(2, odd)).toBeNull();
    }
    for (const odd of ['', '+', '1.0', '1_000']) expect(write(3, odd)).toBeNull();
  });

  it('leave what is too large to the mapping, which refuses it', () => {
    const direct = openDirectRows(planOf(['text'], { maxEntryBytes: 40 }), NO_RULES);
    const write = (length: number): boolean | undefined =>
      direct?.write(
        entryOf(new FieldReader(), [['f0', Buffer.alloc(length, 'a')]]),
        new CopyText(1),
      );
    expect(write(10)).toBe(true);
    expect(write(30)).toBe(false);
  });

  it('are not made where a column or a rule asks for more than bytes', () => {
    const opened = (...[plan, rules]: Parameters<typeof openDirectRows>): boolean =>
      openDirectRows(plan, rules) !== null;
    expect(opened(planOf(['text', 'time_s']), { ...NO_RULES, maxAgeMs: 1 })).toBe(true);
    for (const odd of ['boolean', 'json', 'bytes', 'time_ns', 'time_iso'] as const) {
      expect(opened(planOf(['text', odd]), NO_RULES)).toBe(false);
    }
    expect(opened(planOf(['text'], { format: 'json' }), NO_RULES)).toBe(false);
    expect(opened(planOf(['text']), { ...NO_RULES, required: ['c0'] })).toBe(false);
    expect(opened(planOf(['number']), { ...NO_RULES, ranges: [{ column: 'c0', min: 1 }] })).toBe(
      false,
    );
    const by = { by: ['c0'], action: 'flag' } as const;
    expect(opened(planOf(['text']), { ...NO_RULES, monotonic: by })).toBe(false);
    expect(opened(planOf(['text']), { ...NO_RULES, duplicates: { ...by, window: 9 } })).toBe(false);
  });

  it('have the values of the mapping where somebody asks for them', () => {
    const plan = planOf(['text', 'integer']);
    const map = prepareMapping(plan);
    const reader = new FieldReader();
    const entries = ['a', 'b'].map((text) =>
      entryOf(reader, [
        ['f0', Buffer.from(text)],
        ['f1', Buffer.from('1')],
      ]),
    );
    const rows = entries.map((entry) => new DirectRow(entry, (one) => map(one, READING), null));
    expect(rows.map(({ values }) => values)).toEqual([
      ['a', '1'],
      ['b', '1'],
    ]);
  });

  it('reserve what the row takes and not what each column could, were it the largest', () => {
    const types = ['text', ...Array.from({ length: 49 }, () => 'integer')] as ValueType[];
    const direct = openDirectRows(planOf(types, { maxEntryBytes: 1e6 }), NO_RULES);
    const fields = types.map((_, index): [string, Buffer] => [
      `f${String(index)}`,
      index === 0 ? Buffer.alloc(100_000, 'x') : Buffer.from('7'),
    ]);
    const text = new CopyText(1);
    expect(direct?.write(entryOf(new FieldReader(), fields), text)).toBe(true);
    expect(text.bytes.length).toBeLessThan(110_000);
  });
});

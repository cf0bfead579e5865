import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FieldReader } from '../../../src/live/packed-fields.ts';
import {
  encodeCommand,
  isNothing,
  ReplyCursor,
  ReplyScanner,
  refusalOf,
} from '../../../src/live/resp.ts';

type Reply = string | number | null | readonly Reply[] | Map<string, Reply> | Error;

/** As a server writes it; `resp2` has no map and another nothing. */
function write(reply: Reply, resp2: boolean): string {
  if (reply === null) return resp2 ? '*-1\r\n' : '_\r\n';
  if (typeof reply === 'number') return `:${String(reply)}\r\n`;
  if (reply instanceof Error) return `-${reply.message}\r\n`;
  if (typeof reply === 'string') return `$${String(reply.length)}\r\n${reply}\r\n`;
  if (reply instanceof Map) {
    const flat = [...reply].flat();
    const head = resp2 ? `*${String(flat.length)}` : `%${String(reply.size)}`;
    return `${head}\r\n${flat.map((element) => write(element, resp2)).join('')}`;
  }
  return `*${String(reply.length)}\r\n${reply.map((element) => write(element, resp2)).join('')}`;
}

const text = fc.string({ unit: fc.constantFrom('a', '\r', '\n', '$', '\u00ff', '0') });
const { reply } = fc.letrec<{ reply: Reply }>((tie) => ({
  reply: fc.oneof(
    { depthSize: 'small' },
    text,
    fc.integer(),
    fc.constant(null),
    fc.constantFrom(new Error('WRONGTYPE no')),
    fc.array(tie('reply'), { maxLength: 4 }),
    fc.array(fc.tuple(text, tie('reply')), { maxLength: 3 }).map((pairs) => new Map(pairs)),
  ),
}));

describe('replies that arrive in pieces', () => {
  it('end where the server ended them, wherever they are cut', () => {
    fc.assert(
      fc.property(
        fc.array(reply, { minLength: 1, maxLength: 5 }),
        fc.boolean(),
        fc.integer({ min: 1, max: 9 }),
        (replies, resp2, step) => {
          const written = replies.map((one) => write(one, resp2));
          const bytes = Buffer.from(written.join(''), 'latin1');
          const wanted = written.map((_, index) => written.slice(0, index + 1).join('').length);
          const scanner = new ReplyScanner();
          const ends: number[] = [];
          for (let there = 0; there < bytes.length; ) {
            there = Math.min(there + step, bytes.length);
            // What has not arrived is whatever was in the memory before.
            const memory = Buffer.alloc(bytes.length + 9, '\n');
            bytes.copy(memory, 0, 0, there);
            for (let end = scanner.next(memory, there); end >= 0; ) {
              ends.push(end);
              end = end === there ? -1 : scanner.next(memory, there);
            }
          }
          expect(ends).toEqual(wanted);
        },
      ),
    );
  });

  it('are refused when they are no replies', () => {
    expect(() => new ReplyScanner().next(Buffer.from('HTTP/1.1 400\r\n'), 14)).toThrow('byte 72');
  });
});

it('a cursor steps over whatever a reply holds', () => {
  fc.assert(
    fc.property(reply, fc.boolean(), (one, resp2) => {
      const cursor = new ReplyCursor(Buffer.from(`${write(one, resp2)}:1\r\n`, 'latin1'));
      cursor.skip();
      expect(cursor.at).toBe(write(one, resp2).length);
    }),
  );
});

it('fields read the same from either protocol', () => {
  const fields = new Map([
    ['price', '1.5'],
    ['note', ''],
    ['long', 'x'.repeat(300)],
  ]);
  for (const resp2 of [true, false]) {
    const payload = new FieldReader().read(Buffer.from(write(fields, resp2)));
    if (payload.kind !== 'fields') throw new Error('fields are no value');
    expect(payload.names.map((name, at) => [name, payload.values.at(at)])).toEqual([...fields]);
  }
});

it('nothing is nothing in either protocol, and an error is told', () => {
  const bytesOf = (one: Reply, resp2: boolean): Buffer => Buffer.from(write(one, resp2));
  for (const resp2 of [true, false]) {
    for (const one of [null, [], new Map()]) expect(isNothing(bytesOf(one, resp2))).toBe(true);
    for (const one of ['', 0, [1]]) expect(isNothing(bytesOf(one, resp2))).toBe(false);
  }
  expect(refusalOf(bytesOf(new Error('WRONGTYPE no'), false))).toBe('WRONGTYPE no');
  expect(refusalOf(bytesOf('-x', false))).toBeNull();
});

it('a command has the length of its words in bytes', () => {
  expect(encodeCommand(['GET', 'ä'])).toBe('*2\r\n$3\r\nGET\r\n$2\r\nä\r\n');
});

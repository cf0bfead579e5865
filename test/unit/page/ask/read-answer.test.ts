import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type AnswerSoFar, readAnswer, SHOWN_ROWS } from '../../../../src/page/ask/read-answer.ts';

async function* partsOf(bytes: Uint8Array, sizes: readonly number[]): AsyncGenerator<Uint8Array> {
  let at = 0;
  for (let index = 0; at < bytes.length; index += 1) {
    const size = sizes[index % sizes.length] ?? 1;
    yield bytes.subarray(at, at + size);
    at += size;
  }
}

const read = (text: string, sizes: readonly number[] = [64]): Promise<AnswerSoFar> =>
  readAnswer(partsOf(new TextEncoder().encode(text), sizes), () => undefined);

describe('an answer', () => {
  it('is the same, however the network cuts it', async () => {
    const rows = [
      { a: 'ünïcode 🦆', n: 1 },
      { a: 'line\nbreak', n: null },
      { a: '', n: 0.5 },
    ];
    const text = rows.map((row) => `${JSON.stringify(row)}\n`).join('');
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1 }),
        async (sizes) => {
          expect(await read(text, sizes)).toEqual({ columns: ['a', 'n'], rows, count: 3 });
        },
      ),
    );
  });

  it('keeps the first rows and counts the others', async () => {
    const found = await read('{"n":1}\n'.repeat(SHOWN_ROWS + 7), [1_000]);
    expect(found.rows).toHaveLength(SHOWN_ROWS);
    expect(found.count).toBe(SHOWN_ROWS + 7);
  });

  it('of no rows has none', async () => {
    expect(await read('')).toEqual({ columns: [], rows: [], count: 0 });
  });
});

/** An array in PostgreSQL's binary form, as the text that PostgreSQL makes of it. */
import { FieldReader } from './wire/field-reader.ts';

/** As many as PostgreSQL has. */
const MOST_DIMENSIONS = 6;

/** @param item the text of an element's bytes @throws what reading fails with, for bytes that are no array */
export function arrayText(value: Buffer, item: (bytes: Buffer) => string): string {
  const fields = new FieldReader(value);
  const count = fields.int32();
  if (count < 0 || count > MOST_DIMENSIONS) throw new RangeError('of too many dimensions');
  // Whether there are nulls, which shows by itself; and the type of its elements, which the array's says.
  fields.int32();
  fields.uint32();
  const dimensions = Array.from({ length: count }, () => ({
    size: fields.int32(),
    from: fields.int32(),
  }));
  const text = dimensions.length === 0 ? '{}' : bracesOf(dimensions.map(({ size }) => size));
  fields.end();
  if (dimensions.every(({ from }) => from === 1)) return text;
  const bounds = dimensions.map(({ size, from }) => `[${String(from)}:${String(from + size - 1)}]`);
  return `${bounds.join('')}=${text}`;

  function bracesOf([size = 0, ...inner]: readonly number[]): string {
    if (size < 0 || size > value.length) throw new RangeError('longer than its bytes');
    const parts = Array.from({ length: size }, () =>
      inner.length === 0 ? one() : bracesOf(inner),
    );
    return `{${parts.join(',')}}`;
  }

  function one(): string {
    const length = fields.int32();
    if (length < 0) return 'NULL';
    return `"${item(fields.bytes(length)).replace(/["\\]/g, '\\$&')}"`;
  }
}

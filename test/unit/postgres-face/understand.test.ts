import { describe, expect, it } from 'vitest';
import { FaceError } from '../../../src/faces/postgres/face-error.ts';
import { statementsOf } from '../../../src/faces/postgres/understand.ts';

describe('a write of a hypertable in place that is no SQL', () => {
  it.each([
    `DELETE FROM in_place.x WHERE a = '`,
    `UPDATE in_place.x SET a = $tag$`,
    `SELECT a FROM in_place.x WHERE "b FOR UPDATE`,
    `SELECT "a FROM in_place.x WHERE a FOR UPDATE`,
    `DELETE FROM in_place.x WHERE`,
  ])('is refused with 42601 and its place: %s', async (text) => {
    const failure: unknown = await statementsOf(text, () => true).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(FaceError);
    expect(failure).toMatchObject({
      sqlstate: '42601',
      position: expect.any(Number) as number,
    });
  });
});

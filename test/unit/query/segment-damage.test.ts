import { expect, it } from 'vitest';
import { segmentUnreadable } from '../../../src/query/segments/segment-damage.ts';

it('does not have a file put back that may have been replaced since the snapshot', () => {
  const missing = segmentUnreadable([{ key: 'a.parquet', what: 'missing' }], null);
  expect(missing.hint).toMatch(/^Ask again first, in a new transaction: .* Run `tierd scrub`/);
  const altered = { key: 'a.parquet', what: '100 bytes long instead of 2000' };
  expect(segmentUnreadable([altered], null).hint).toMatch(/^Run `tierd scrub`/);
});

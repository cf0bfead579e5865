import { describe, expect, it } from 'vitest';
import { hashOf, viewOf } from '../../../src/page/views.ts';

describe('views', () => {
  it.each(['', '#', '#/', '#/elsewhere', '#overview', '#/__proto__'])(
    '%j is the overview',
    (hash) => {
      expect(viewOf(hash)).toEqual({ name: 'overview', dataset: null });
    },
  );

  it.each(['ticks', 'a/b', 'ü ?#%', '..', '%'])(
    'a dataset named %j comes back from its address',
    (dataset) => {
      for (const name of ['datasets', 'data'] as const) {
        expect(viewOf(hashOf({ name, dataset }))).toEqual({ name, dataset });
      }
    },
  );

  it('takes an address that is badly encoded as it is', () => {
    expect(viewOf('#/datasets/100%')).toEqual({ name: 'datasets', dataset: '100%' });
  });

  it('knows no dataset in another view', () => {
    expect(viewOf('#/runs/ticks')).toEqual({ name: 'runs', dataset: null });
  });
});

import { describe, expect, it } from 'vitest';
import { harmsOf, rulesOver } from '../../../../src/lake/s3/lifecycle.ts';

const ROOT = 'tierd/cold/';
const ruleOf = (rule: Partial<Parameters<typeof rulesOver>[0][number]>) =>
  harmsOf(rulesOver([{ ID: 'r', Status: 'Enabled', ...rule }], ROOT));

describe('a lifecycle rule of the bucket', () => {
  it.each([
    ['of all', {}],
    ['of all, as it was written once', { Prefix: '' }],
    ['of a prefix around the lake', { Filter: { Prefix: 'tierd/' } }],
    ['of some of the lake', { Filter: { Prefix: 'tierd/cold/ticks/' } }],
    [
      'of large ones below a prefix',
      { Filter: { And: { Prefix: 'tierd/', ObjectSizeGreaterThan: 1 } } },
    ],
  ])('%s that expires objects is told', (_, filter) => {
    const [harm] = ruleOf({ ...filter, Expiration: { Days: 30 } });
    expect(harm).toContain('"r"');
    expect(harm).toContain('removes segments');
  });

  it.each([
    ['of another prefix', { Filter: { Prefix: 'logs/' } }],
    ['of a prefix that only begins like it', { Filter: { Prefix: 'tierd/cold2/' } }],
    ['of a tag, which no segment has', { Filter: { Tag: { Key: 'a', Value: 'b' } } }],
    [
      'of tags below a prefix',
      { Filter: { And: { Prefix: '', Tags: [{ Key: 'a', Value: 'b' }] } } },
    ],
    ['that is switched off', { Status: 'Disabled' as const }],
  ])('%s is none of the lake', (_, filter) => {
    expect(ruleOf({ ...filter, Expiration: { Days: 30 } })).toEqual([]);
  });

  it('that moves objects is told where they must be thawed, and only there', () => {
    const moves = (StorageClass: 'DEEP_ARCHIVE' | 'GLACIER_IR' | 'STANDARD_IA') =>
      ruleOf({ Transitions: [{ Days: 1, StorageClass }] });
    expect(moves('DEEP_ARCHIVE')).toEqual([expect.stringContaining('DEEP_ARCHIVE')]);
    expect(moves('GLACIER_IR')).toEqual([]);
    expect(moves('STANDARD_IA')).toEqual([]);
  });

  it('that clears up uploads, markers or old versions is welcome', () => {
    expect(
      ruleOf({
        AbortIncompleteMultipartUpload: { DaysAfterInitiation: 3 },
        Expiration: { ExpiredObjectDeleteMarker: true },
        NoncurrentVersionExpiration: { NoncurrentDays: 30 },
      }),
    ).toEqual([]);
  });
});

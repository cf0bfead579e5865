import { describe, expect, it } from 'vitest';
import {
  judgeOwnership,
  type LakeOwner,
  type OwnershipFacts,
} from '../../../../src/domain/lake/lake-owner.ts';

const place = { systemIdentifier: '7000', databaseOid: '16384', database: 'app' };
const remembered = {
  lakeId: 'lake',
  ledgerId: 'ledger',
  epoch: 1,
  isMarked: true,
  promotion: null,
  isRestored: false,
  usedAt: '/lake',
  farPlace: null,
};
const owner: LakeOwner = {
  ...place,
  ledgerId: 'ledger',
  epoch: 1,
  since: '2026-01-01T00:00:00.000Z',
};
const judge = (changes: Partial<OwnershipFacts>) =>
  judgeOwnership({
    ...{ place, remembered, owner, holdsStrangeFiles: false, lack: null, ahead: null },
    ...changes,
  });

describe('whose a lake is (I12)', () => {
  it('is the ledger’s that the lake names, under another name of the database as well', () => {
    expect(judge({})).toEqual({ kind: 'owned' });
    expect(judge({ place: { ...place, database: 'renamed' } })).toEqual({ kind: 'owned' });
  });

  it.each([
    ['another server, as after pg_dump', { place: { ...place, systemIdentifier: '7001' } }],
    ['another database of the server', { place: { ...place, databaseOid: '16999' } }],
    [
      'a server that was promoted',
      { remembered: { ...remembered, promotion: { from: 1, to: 2 } } },
    ],
    ['a ledger restored in place', { remembered: { ...remembered, isRestored: true } }],
    ['another ledger', { remembered: { ...remembered, ledgerId: 'other' } }],
    ['a ledger that never had a lake', { remembered: null }],
    ['a ledger restored from before a take-over', { owner: { ...owner, epoch: 2 } }],
    ['a lake restored from before a take-over', { remembered: { ...remembered, epoch: 2 } }],
    ['a lake without the owner it had', { owner: null }],
    ['a new ledger, and files', { owner: null, remembered: null, holdsStrangeFiles: true }],
  ])('is not %s', (_, changes) => {
    expect(judge(changes)).toMatchObject({ kind: 'refused', reason: expect.any(String) as string });
  });

  it('is not whole where it lacks what was published into it, and the reason says where it was', () => {
    const lack = { key: 'ticks/a.parquet', usedAt: '/other', count: null };
    expect(judge({ lack })).toEqual({
      kind: 'lacking',
      reason: expect.stringMatching(/ticks\/a\.parquet.*last used at \/other/) as string,
    });
    // Whose it is comes first.
    expect(judge({ lack, owner: { ...owner, epoch: 2 } })).toMatchObject({ kind: 'refused' });
  });

  it.each([
    ['a new place', { owner: null, remembered: null }],
    [
      'a lake from before owners were noted',
      { owner: null, remembered: { ...remembered, epoch: 0 } },
    ],
    ['a claim that was cut off', { remembered: { ...remembered, epoch: 0, isMarked: false } }],
  ])('can be claimed: %s', (_, changes) => {
    expect(judge(changes)).toEqual({ kind: 'unclaimed' });
  });
});

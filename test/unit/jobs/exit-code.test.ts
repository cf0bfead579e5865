/** What a job over several datasets exits with. */
import { describe, expect, it } from 'vitest';
import { type ErrorCode, TierdError } from '../../../src/domain/errors.ts';
import { type DatasetResult, exitCodeOf, type Wholeness } from '../../../src/jobs/rotate-all.ts';

const ended = (outcome: Wholeness): DatasetResult<Wholeness> => ({ dataset: 'ticks', outcome });
const threw = (code: ErrorCode, partly = false): DatasetResult<Wholeness> => ({
  dataset: 'ticks',
  error: new TierdError({ code, message: 'it ended', partly }),
});

describe('the exit code of a run', () => {
  it.each<readonly [what: string, results: readonly DatasetResult<Wholeness>[], code: number]>([
    ['nothing to do', [], 0],
    ['all done', [ended('done'), ended('done')], 0],
    ['no move done', [ended('failed')], 1],
    ['some moves done', [ended('partly')], 4],
    ['every move refused', [ended('refused')], 3],
    ['every move of one refused, another done', [ended('refused'), ended('done')], 4],
    ['refused', [threw('REFUSED')], 3],
    ['every one refused', [threw('REFUSED'), threw('REFUSED')], 3],
    ['the lease held by another', [threw('LEASE_HELD')], 5],
    ['the lease lost before any move', [threw('LEASE_LOST')], 5],
    ['the lease lost after moves', [threw('LEASE_LOST', true)], 4],
    ['a refusal after moves', [threw('REFUSED', true)], 4],
    ['the server away after moves', [threw('POSTGRES_UNREACHABLE', true)], 4],
    ['one done and one without its lease', [ended('done'), threw('LEASE_LOST')], 4],
    ['one done and one refused', [ended('done'), threw('REFUSED')], 4],
    ['one failed and one refused', [ended('failed'), threw('REFUSED')], 1],
    ['interrupted', [ended('done'), threw('INTERRUPTED')], 130],
    ['interrupted after moves', [threw('INTERRUPTED', true)], 130],
  ])('%s', (_what, results, code) => {
    expect(exitCodeOf(results, (outcome) => outcome)).toBe(code);
  });
});

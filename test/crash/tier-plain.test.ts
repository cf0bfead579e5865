import { describe } from 'vitest';
import { killTierEverywhere } from './kill-tier-everywhere.ts';

describe('sending segments far, killed (I1, I3, I4)', () => {
  killTierEverywhere('tiered');
});

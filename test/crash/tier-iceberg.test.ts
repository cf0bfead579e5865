import { describe } from 'vitest';
import { killTierEverywhere } from './kill-tier-everywhere.ts';

describe('sending segments of an Iceberg table far, killed (I2, I3, I4)', () => {
  killTierEverywhere('tiered_iceberg', { iceberg: true });
});

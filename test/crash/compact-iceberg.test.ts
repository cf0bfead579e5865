import { describe } from 'vitest';
import { killCompactEverywhere } from './kill-compact-everywhere.ts';

describe('a compaction of an Iceberg table that is killed (I1, I2, I3, I4)', () => {
  killCompactEverywhere('listed', { iceberg: true });
});

import { describe } from 'vitest';
import { killCompactEverywhere } from './kill-compact-everywhere.ts';

describe('a compaction that is killed (I1, I2, I3, I4)', () => {
  killCompactEverywhere('merged');
});

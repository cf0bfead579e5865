import { describe } from 'vitest';
import { killRestoreEverywhere } from './kill-restore-everywhere.ts';

describe('a restore of some rows that is killed (I1, I2, I3, I4)', () => {
  killRestoreEverywhere('some', { where: 'id % 3 = 1' });
});

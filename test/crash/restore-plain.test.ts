import { describe } from 'vitest';
import { killRestoreEverywhere } from './kill-restore-everywhere.ts';

describe('a restore that is killed (I1, I2, I3, I4)', () => {
  killRestoreEverywhere('plain', { throughText: false });
});

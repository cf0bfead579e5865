import { describe } from 'vitest';
import { killEverywhere } from './kill-everywhere.ts';

describe('a rotation of rows that come again, and that is killed (I1, I2, I3, I4)', () => {
  killEverywhere('again');
});

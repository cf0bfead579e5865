import { describe } from 'vitest';
import { killEverywhere } from './kill-everywhere.ts';

describe('a rotation that is killed (I1, I2, I3, I4)', () => {
  killEverywhere('plain');
});

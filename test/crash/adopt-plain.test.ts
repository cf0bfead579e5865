import { describe } from 'vitest';
import { killAdoptEverywhere } from './kill-adopt-everywhere.ts';

describe('an adoption that is killed (I2, I4, I12)', () => {
  killAdoptEverywhere('adopted');
});

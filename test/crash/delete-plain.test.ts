import { describe } from 'vitest';
import { killDeleteEverywhere } from './kill-delete-everywhere.ts';

describe('a deletion that is killed (I1, I2, I3, I4)', () => {
  killDeleteEverywhere('deleted');
});

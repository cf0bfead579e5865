import { describe } from 'vitest';
import { killExpireEverywhere } from './kill-expire-everywhere.ts';

describe('an expiry that is killed (I2, I3, I4)', () => {
  killExpireEverywhere('expired');
});

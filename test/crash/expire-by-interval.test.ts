import { describe } from 'vitest';
import { BY_INTERVAL, killExpireEverywhere } from './kill-expire-everywhere.ts';

describe('an expiry by interval that is killed (I2, I3, I4)', () => {
  killExpireEverywhere('thinned', BY_INTERVAL);
});

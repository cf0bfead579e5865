import { describe } from 'vitest';
import { BY_INTERVAL, killExpireEverywhere, WHOLE } from './kill-expire-everywhere.ts';

describe('an expiry of an Iceberg table that is killed (I2, I3, I4)', () => {
  killExpireEverywhere('expired_table', { ...WHOLE, iceberg: true });
  killExpireEverywhere('thinned_table', { ...BY_INTERVAL, iceberg: true });
});

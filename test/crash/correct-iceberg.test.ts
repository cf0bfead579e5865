import { describe } from 'vitest';
import { killCorrectEverywhere } from './kill-correct-everywhere.ts';

describe('a correction of an Iceberg table that is killed (I1, I2, I3, I4)', () => {
  killCorrectEverywhere('corrected_iceberg', { iceberg: true });
});

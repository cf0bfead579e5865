import { describe } from 'vitest';
import { killEverywhere } from './kill-everywhere.ts';

describe('a rotation of an Iceberg table that is killed (I1, I2, I3, I4)', () => {
  killEverywhere('plain', undefined, { iceberg: true });
});

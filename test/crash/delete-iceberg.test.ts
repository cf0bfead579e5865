import { describe } from 'vitest';
import { killDeleteEverywhere } from './kill-delete-everywhere.ts';

describe('a deletion from an Iceberg table that is killed (I1, I2, I3, I4)', () => {
  killDeleteEverywhere('deleted_iceberg', { iceberg: true });
});

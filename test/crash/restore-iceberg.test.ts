import { describe } from 'vitest';
import { killRestoreEverywhere } from './kill-restore-everywhere.ts';

describe('a restore out of an Iceberg table that is killed (I1, I2, I3, I4)', () => {
  killRestoreEverywhere('iceberg', { throughText: false, changes: { iceberg: true } });
});

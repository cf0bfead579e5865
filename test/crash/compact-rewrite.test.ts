import { describe } from 'vitest';
import { killCompactEverywhere } from './kill-compact-everywhere.ts';

describe('a compaction that writes anew what is older, and is killed (I1, I2, I3, I4)', () => {
  killCompactEverywhere('written_anew', { isRewriting: true });
});

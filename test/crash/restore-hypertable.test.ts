import { describeOn } from '../support/servers.ts';
import { killRestoreEverywhere } from './kill-restore-everywhere.ts';

describeOn('timescale', 'a restore into chunks that is killed (I1, I2, I3, I4)', () => {
  killRestoreEverywhere('hypertable', { kind: 'hypertable' });
});

import { describeOn } from '../support/servers.ts';
import { killEverywhere } from './kill-everywhere.ts';

describeOn('timescale', 'a rotation that is killed (I1, I2, I3, I4)', () => {
  killEverywhere('hypertable');
});

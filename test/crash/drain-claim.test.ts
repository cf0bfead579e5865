import { describeOn } from '../support/servers.ts';
import { killDrainEverywhere } from './kill-drain-everywhere.ts';

describeOn('redis', 'a drain that is killed (I4, I5, I9, I10)', () => {
  killDrainEverywhere('claim');
});

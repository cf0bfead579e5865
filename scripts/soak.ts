/** `npm run soak`: progress on stderr, one JSON object as the last line of stdout. */
import { parseArgs } from 'node:util';
import { runSoak } from '../test/soak/soak.ts';

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '600' },
    seed: { type: 'string', default: String(Date.now() % 100_000) },
    'write-every-ms': { type: 'string', default: '20' },
    'fault-every-ms': { type: 'string', default: '10000' },
  },
});

const startedAt = performance.now();
const report = await runSoak({
  seconds: Number(values.seconds),
  seed: Number(values.seed),
  writeEveryMs: Number(values['write-every-ms']),
  faultEveryMs: Number(values['fault-every-ms']),
  say: (text) => {
    console.error(`${((performance.now() - startedAt) / 1000).toFixed(0).padStart(4)} s  ${text}`);
  },
});
console.log(JSON.stringify(report));
process.exit(report.ok ? 0 : 1);

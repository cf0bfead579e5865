/** `npm run answers`: progress on stderr, one JSON object as the last line of stdout. */
import { parseArgs } from 'node:util';
import { checkAnswers } from '../test/answers/check-answers.ts';

const { values } = parseArgs({
  options: {
    answers: { type: 'string', default: '10000' },
    seed: { type: 'string', default: String(Date.now() % 100_000) },
    surfaces: { type: 'string', default: '' },
    readers: { type: 'string', default: '1' },
    'kill-every-ms': { type: 'string', default: '5000' },
    'rotate-every': { type: 'string', default: '2s' },
  },
});

const startedAt = performance.now();
const report = await checkAnswers({
  answers: Number(values.answers),
  seed: Number(values.seed),
  killEveryMs: Number(values['kill-every-ms']),
  rotateEvery: values['rotate-every'],
  surfaces: values.surfaces,
  readers: Number(values.readers),
  say: (text) => {
    console.error(`${((performance.now() - startedAt) / 1000).toFixed(0).padStart(4)} s  ${text}`);
  },
});
console.log(JSON.stringify(report));
process.exit(report.wrong.length === 0 ? 0 : 1);

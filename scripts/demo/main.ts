/**
 * `npm run demo`: real rows from Redis into a real PostgreSQL, and from there into a Parquet lake,
 * with tierd's own commands, and then a count of every row by other means. The last line on stdout
 * is one JSON object.
 */
import { narrateOn } from './narrator.ts';
import { tellStory } from './story.ts';
import { Undo } from './undo.ts';

const interrupt = new AbortController();
// npm passes on the Ctrl-C that the terminal sent already: the first counts, the others are noise.
for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(name, () => interrupt.abort(new Error(name)));
}

// Whoever read along has gone.
process.stdout.on('error', (error) => interrupt.abort(error));

const undo = new Undo();
const narrator = narrateOn(process.stdout);
let code = 1;
try {
  const result = await tellStory(narrator, undo, interrupt.signal);
  await undo.undoAll();
  const isWhole = result.rows_lost === 0 && result.rows_doubled === 0;
  // Where there is no Redis both are null.
  const isDrained = result.rows_drained === result.rows_replayed && !result.entries_left_in_redis;
  const isSame = result.answers_equal && result.answers_inside_equal !== false;
  code = isWhole && isDrained && isSame ? 0 : 1;
  console.log(`\n${JSON.stringify(result)}`);
} catch (error) {
  if (interrupt.signal.aborted) {
    code = 130;
    console.error('\nInterrupted; the server and the folder of the demo are removed.');
  } else {
    console.error(error);
  }
  await undo.undoAll();
}
process.exit(code);

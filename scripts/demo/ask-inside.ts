/** The same questions once more, over the connection that asked them before the move: PostgreSQL itself reaches into the lake. */
import { setTimeout as pause } from 'node:timers/promises';
import type pg from 'pg';
import type { Narrator } from './narrator.ts';
import { type Answer, askPostgres, type Question, sameAnswer } from './questions.ts';
import type { Tierd } from './run-tierd.ts';
import type { Setting } from './setting.ts';
import { FLIGHTS, MARKET_DATA } from './tables.ts';

export interface AnsweredQuestion {
  readonly question: Question;
  readonly expected: Answer;
}

/**
 * @param tierd with the configuration that has a face
 * @param succeed shows a command, and throws where it fails
 * @returns whether all answers are those from before the move; null where the server has no foreign tables
 */
export async function askInside(
  { setting, narrator, tierd }: { setting: Setting; narrator: Narrator; tierd: Tierd },
  questions: readonly AnsweredQuestion[],
  succeed: (...args: readonly string[]) => Promise<void>,
): Promise<boolean | null> {
  narrator.step('And to PostgreSQL itself, which asks the daemon for what has left');
  if (!setting.hasForeignTables) {
    narrator.say(
      'This PostgreSQL has no postgres_fdw, so this step is left out: to see it, run the demo as root on Debian.',
    );
    return null;
  }
  const { client } = setting.stores;
  const stop = await tierd.serve(setting.face.port);
  try {
    await succeed('attach', MARKET_DATA.name);
    const flights = setting.hasTimescale ? [FLIGHTS.name, '--in-place'] : [FLIGHTS.name];
    await succeed('attach', ...flights);
    narrator.gap();
    narrator.say(
      setting.hasTimescale
        ? 'market_data is a view now, in the schema attached; flights is the hypertable that it was, with the lake as one of its chunks.'
        : 'Both are views now, in the schema attached.',
    );
    narrator.say('So `set search_path = attached, public`, and the very same statements:');
    await client.query('set search_path = attached, public');
    let equal = true;
    for (const { question, expected } of questions) {
      const same = sameAnswer(expected, await askPatiently(client, question));
      equal &&= same;
      if (same) narrator.good(`${question.title}  The same, to the last digit.`);
      else narrator.bad(`${question.title}  Something else than before the move.`);
    }
    await client.query('reset search_path');
    narrator.say('And as before again; no row is touched:');
    await succeed('detach');
    return equal;
  } finally {
    await stop();
  }
}

/** In place a statement is refused while a transaction is open that is older than the last move: one of autovacuum's, maybe. */
async function askPatiently(client: pg.Client, question: Question): Promise<Answer> {
  for (;;) {
    try {
      return await askPostgres(client, question);
    } catch (error) {
      if ((error as { code?: string }).code !== '40001') throw error;
      await pause(200);
    }
  }
}

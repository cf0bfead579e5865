/** Rows as text that a transaction reads as if they lay in a table, without a table: also where nothing may be written. */
import { TierdError } from '../../domain/errors.ts';
import type { TextRow } from '../copy/copy-text.ts';
import { postgresError } from '../postgres-error.ts';
import { quoteName } from '../quote.ts';
import type { Queryable } from '../sql.ts';
import { isAboutRows } from './refusals.ts';
import { givenRows, type RowRules } from './row-rules.ts';

/** Of so many, each is found by halving all; where more are refused, something else is wrong. */
const MOST_LOOKS = 400;

/**
 * Which of the rows a write would be refused, as far as types, lengths, NOT NULL and CHECK tell. In a
 * transaction of the caller's.
 *
 * @throws TierdError LIVE_ROWS_REFUSED where they are too many to find
 */
export async function findRefused(
  db: Queryable,
  rules: RowRules,
  rows: readonly TextRow[],
  what: string,
): Promise<ReadonlySet<number>> {
  const refused = new Set<number>();
  const pieces = [{ from: 0, to: rows.length }];
  let looks = 0;
  for (let piece = pieces.pop(); piece !== undefined; piece = pieces.pop()) {
    const { from, to } = piece;
    if (from === to) continue;
    looks += 1;
    if (looks > MOST_LOOKS) throw tooManyRefused(what);
    const bad = await lookAtPiece(db, rules, rows.slice(from, to), what);
    if (bad !== null) for (const index of bad) refused.add(from + index);
    else if (to - from === 1) refused.add(from);
    else {
      const middle = (from + to) >> 1;
      pieces.push({ from: middle, to }, { from, to: middle });
    }
  }
  return refused;
}

/** Null where a value of it is none of its type, without a word of which. */
async function lookAtPiece(
  db: Queryable,
  rules: RowRules,
  rows: readonly TextRow[],
  what: string,
): Promise<readonly number[] | null> {
  const arrays = arraysOf(rules, rows);
  const given = givenRows(
    rules,
    arrays.map((_, index) => `$${String(index + 1)}::text[]`),
  );
  // Counted, for a value that nobody asks for is not made.
  const made = rules.columns.map(({ name }) => `count(${quoteName(name)})`).join(', ');
  await db.query('savepoint tierd_look');
  try {
    const found = await db.query<{ bad: readonly string[] | null }>(
      `select array_agg("tierd n"::text) filter (where "tierd bad") as bad, ${made} from (${given}) as given`,
      arrays,
    );
    await db.query('release savepoint tierd_look');
    return (found.rows[0]?.bad ?? []).map((n) => Number(n) - 1);
  } catch (error) {
    if (!isAboutRows(error)) throw postgresError(error, `looking at the rows of ${what}`);
    await db.query('rollback to savepoint tierd_look; release savepoint tierd_look');
    return null;
  }
}

/**
 * Holds the rows until the transaction ends.
 *
 * @param slot tells them from others of the same transaction
 * @returns a SELECT of them, as `givenRows` makes it
 */
export async function holdRows(
  db: Queryable,
  rules: RowRules,
  rows: readonly TextRow[],
  slot: number,
): Promise<string> {
  const arrays = arraysOf(rules, rows);
  const settings = arrays.map((_, index) => `tierd.live_${String(slot)}_${String(index)}`);
  for (const [index, setting] of settings.entries()) {
    // A setting is the one thing that a transaction may keep where it may write nothing, a standby included.
    await db.query('select length(set_config($1, $2::text[]::text, true))', [
      setting,
      arrays[index],
    ]);
  }
  return givenRows(
    rules,
    settings.map((setting) => `current_setting('${setting}')::text[]`),
  );
}

function arraysOf({ columns }: RowRules, rows: readonly TextRow[]): (string | null)[][] {
  const count = columns.filter(({ given }) => given >= 0).length;
  return Array.from({ length: count }, (_, place) => rows.map((row) => row[place] ?? null));
}

function tooManyRefused(what: string): TierdError {
  return new TierdError({
    code: 'LIVE_ROWS_REFUSED',
    message: `PostgreSQL would refuse many of the rows of ${what}, more than are looked for; nothing was answered`,
    hint: `run \`tierd drain ${what}\`: it keeps them as dead letters, with PostgreSQL's own words`,
    context: { source: what },
  });
}

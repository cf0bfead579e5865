/** Staged rows whose key another row has: in the files, in PostgreSQL, in the lake. Rows that are there as they are, are left out. */
import type pg from 'pg';
import type { OnConflict } from '../../domain/ingest/reading.ts';
import type { TableDescription } from '../../domain/table.ts';
import type { TimeRange } from '../../domain/time/time-range.ts';
import { copyRowsIn } from '../copy/copy-rows-in.ts';
import { timeBounds } from '../measure/time-bounds.ts';
import { quoteName, quoteTable } from '../quote.ts';
import { inlined } from '../sql.ts';
import { STAGED } from './ingest-tables.ts';

export interface KeyOfRows {
  readonly columns: readonly string[];
  /** Whether two rows with a null in it can have the same one. */
  readonly nulls: 'equal' | 'distinct';
}

/** What became of rows whose key another one has. */
export interface Met {
  /** There as they are. */
  readonly known: number;
  /** There with other values: left out, replacing, or in the way of all. */
  readonly differing: number;
  /** Some of these, by key. */
  readonly examples: readonly string[];
}

const MOST_NAMED = 5;
const [STAGED_SQL, MET_SQL, KNOWN_SQL] = [
  quoteTable(STAGED),
  'pg_temp.tierd_ingest_met',
  'pg_temp.tierd_ingest_known',
];

/** Rows of the files that have one key: the first of them stays, or the last where they replace. */
export async function settleRepeated(
  db: pg.Client,
  key: KeyOfRows,
  { columns }: TableDescription,
  onConflict: OnConflict,
): Promise<Met> {
  const keys = key.columns.map(quoteName).join(', ');
  const order = onConflict === 'replace' ? ' desc' : '';
  const someNull = key.columns.map((name) => `${quoteName(name)} is null`).join(' or ');
  const where = key.nulls === 'equal' ? '' : `where not (${someNull})`;
  await makeMet(
    db,
    `with ranked as (
       select ctid as at, row_number() over w as place, count(*) over (partition by ${keys}) as times,
              first_value(ctid) over w as stays
       from ${STAGED_SQL} ${where}
       window w as (partition by ${keys} order by "tierd file"${order}, "tierd n"${order}))
     select r.at, ${differs('s', 'k', columns)} as changed, concat_ws(', ', ${key.columns.map((name) => `s.${quoteName(name)}`).join(', ')}) as key
     from ranked r join ${STAGED_SQL} s on s.ctid = r.at join ${STAGED_SQL} k on k.ctid = r.stays
     where r.times > 1 and r.place > 1`,
  );
  const met = await countMet(db);
  // Only one of them can be in a table or a lake: the others are left out, or all are refused.
  await db.query(`delete from ${STAGED_SQL} s using ${MET_SQL} m where s.ctid = m.at`);
  return met;
}

/** Rows whose key PostgreSQL has: with other values they replace it there, where that is wanted. */
export async function settleHot(
  db: pg.Client,
  key: KeyOfRows,
  table: TableDescription,
  within: TimeRange,
  onConflict: OnConflict,
): Promise<Met> {
  await makeMet(
    db,
    `select s.ctid as at, ${differs('s', 'h', table.columns)} as changed,
            concat_ws(', ', ${key.columns.map((name) => `s.${quoteName(name)}`).join(', ')}) as key
     from ${STAGED_SQL} s join ${quoteTable(table.ref)} h on ${sameKey(key, table)}${hotWithin(key, table, within)}`,
  );
  const met = await countMet(db);
  await db.query(
    `delete from ${STAGED_SQL} s using ${MET_SQL} m
     where s.ctid = m.at and (not m.changed or ${String(onConflict === 'skip')})`,
  );
  if (onConflict === 'replace') {
    await db.query(
      `update ${STAGED_SQL} s set "tierd to" = 'hot', "tierd met" = true from ${MET_SQL} m where s.ctid = m.at and m.changed`,
    );
  }
  return met;
}

/** Where the time is part of the key, PostgreSQL need not look into other time. */
export function hotWithin(
  key: Pick<KeyOfRows, 'columns'>,
  { timeColumn }: TableDescription,
  within: TimeRange,
): string {
  if (!key.columns.includes(timeColumn.name)) return '';
  return ` and ${inlined(timeBounds(timeColumn, within, 'h'))}`;
}

export function sameKey(key: KeyOfRows, { columns }: TableDescription): string {
  return key.columns
    .map((name) => {
      const mayBeNull = columns.find((column) => column.name === name)?.notNull !== true;
      const same = key.nulls === 'equal' && mayBeNull ? 'is not distinct from' : '=';
      return `s.${quoteName(name)} ${same} h.${quoteName(name)}`;
    })
    .join(' and ');
}

/** Some types have no equality: of these the texts are compared. */
const WITHOUT_EQUALITY = new Set(['json', 'xml', 'point', 'polygon', 'txid_snapshot']);

function differs(a: string, b: string, columns: TableDescription['columns']): string {
  const each = columns
    .filter(({ generated }) => !generated)
    .map(({ name, baseType }) => {
      const cast = WITHOUT_EQUALITY.has(baseType.name.replace(/^_/u, '')) ? '::text' : '';
      return `${a}.${quoteName(name)}${cast} is distinct from ${b}.${quoteName(name)}${cast}`;
    });
  return `(${each.join(' or ')})`;
}

/** Keys that the lake has. @param pieces CSV without a first line: the key's columns, whether a row differs, how many have it */
export async function takeKnown(
  db: pg.Client,
  key: Pick<KeyOfRows, 'columns'>,
  pieces: AsyncIterable<Uint8Array>,
): Promise<void> {
  await db.query(
    `drop table if exists ${KNOWN_SQL};
     create temporary table tierd_ingest_known as
     select ${key.columns.map(quoteName).join(', ')}, false as "tierd changed", 0 as "tierd times" from ${STAGED_SQL} with no data`,
  );
  await copyRowsIn(db, `copy ${KNOWN_SQL} from stdin (format csv, encoding 'UTF8')`, pieces);
}

export interface MetCold extends Met {
  /** Keys that the lake has more than once, so that nothing tells which row is meant. */
  readonly repeated: number;
}

/** Rows whose key the lake has, and PostgreSQL has not: with other values they replace it there, where that is wanted. */
export async function settleCold(
  db: pg.Client,
  key: KeyOfRows,
  onConflict: OnConflict,
): Promise<MetCold> {
  const op = key.nulls === 'equal' ? 'is not distinct from' : '=';
  const same = key.columns
    .map((name) => `s.${quoteName(name)} ${op} k.${quoteName(name)}`)
    .join(' and ');
  const keys = key.columns.map((name) => `k.${quoteName(name)}`).join(', ');
  await makeMet(
    db,
    `select s.ctid as at, bool_or(k."tierd changed") as changed, sum(k."tierd times")::int as times, concat_ws(', ', ${keys}) as key
     from ${STAGED_SQL} s join ${KNOWN_SQL} k on ${same} where not s."tierd met" group by s.ctid, ${keys}`,
  );
  const met = await countMet(db);
  const { rows } = await db.query<{ n: number }>(
    `select count(*)::float8 as n from ${MET_SQL} where times > 1 and changed`,
  );
  await db.query(
    `delete from ${STAGED_SQL} s using ${MET_SQL} m
     where s.ctid = m.at and (not m.changed or ${String(onConflict === 'skip')})`,
  );
  if (onConflict === 'replace') {
    await db.query(
      `update ${STAGED_SQL} s set "tierd to" = 'cold' from ${MET_SQL} m where s.ctid = m.at and m.changed and s."tierd to" <> 'cold'`,
    );
  }
  return { ...met, repeated: rows[0]?.n ?? 0 };
}

async function makeMet(db: pg.Client, select: string): Promise<void> {
  await db.query(`drop table if exists ${MET_SQL}`);
  await db.query(`create temporary table tierd_ingest_met as ${select}`);
  await db.query(`analyze ${MET_SQL}`);
}

async function countMet(db: pg.Client): Promise<Met> {
  const { rows } = await db.query<{ known: number; differing: number; examples: string[] | null }>(
    `select count(*) filter (where not changed)::float8 as known, count(*) filter (where changed)::float8 as differing,
            (select array_agg(key) from (select key from ${MET_SQL} where changed order by key limit $1) as first) as examples
     from ${MET_SQL}`,
    [MOST_NAMED],
  );
  const { known = 0, differing = 0, examples = null } = rows[0] ?? {};
  return { known, differing, examples: examples ?? [] };
}

/**
 * Rows of the default partition come into the one of their time. Some statements have their snapshot before they come to wait for
 * the table: COPY of a query, EXECUTE, what a STABLE function reads. They read by the partitions of afterwards. So no row is deleted
 * here and inserted there: both partitions are written anew, frozen, which is there for every snapshot, as if it had always been so.
 */
import type pg from 'pg';
import { countOf } from '../../domain/count.ts';
import { TierdError } from '../../domain/errors.ts';
import { MOST_DEFAULT_ROWS, MOST_KEPT_ROWS } from '../../domain/plan/partition-plan.ts';
import { throwIfRefused } from '../../domain/plan/refusal.ts';
import { formatTable, type TableRef } from '../../domain/table.ts';
import type { TimeRange } from '../../domain/time/time-range.ts';
import { copyIn } from '../copy/copy-in.ts';
import { copyOut } from '../copy/copy-out.ts';
import { digestRows, EVERY_ROW } from '../measure/digest.ts';
import { timeBounds } from '../measure/time-bounds.ts';
import { quoteName, quoteTable } from '../quote.ts';
import { inlined, run, type Sql, sql } from '../sql.ts';
import type { TableShape } from '../table/introspect.ts';
import { countWhere, wholeBytesOf } from './count-default.ts';
import { findMoveHazards, findTooMuch } from './move-hazards.ts';
import type { DefaultPartition } from './range-partitions.ts';

/**
 * Under ACCESS EXCLUSIVE of the table and its default partition, in the subtransaction that made the new one, before it is attached.
 *
 * @throws TierdError REFUSED, DIGEST_MISMATCH: the subtransaction is to be rolled back
 */
export async function moveRows(
  client: pg.Client,
  table: TableShape,
  { ref, range }: { readonly ref: TableRef; readonly range: TimeRange },
  fallback: DefaultPartition,
): Promise<bigint> {
  const goes = timeBounds(table.timeColumn, range);
  const stays = sql`(${goes}) is not true`;
  const going = await countWhere(client, fallback, goes, MOST_DEFAULT_ROWS + 1);
  if (going === 0) return 0n;
  const staying = await countWhere(client, fallback, stays, MOST_KEPT_ROWS + 1);
  const bytes = await wholeBytesOf(client, fallback);
  throwIfRefused(
    {
      dataset: formatTable(table.ref),
      what: `making ${formatTable(ref)}`,
      outcome: 'It was not made, and every row is where it was',
    },
    // What was planned may be long ago: the rows, or what is tied to them, may have come since.
    [
      ...findTooMuch(ref, fallback.ref, { going, staying, bytes }),
      ...(await findMoveHazards(client, table, fallback)),
    ],
  );
  const digest = async (from: TableRef, where: Sql): Promise<string> => {
    const { rows, sum } = await digestRows(client, table, from, where, 'content');
    return `${rows.toString()}:${sum.toString()}`;
  };
  const before = [await digest(fallback.ref, goes), await digest(fallback.ref, stays)];
  await rewrite(client, table, { ref, fallback, goes, stays });
  const after = [await digest(ref, EVERY_ROW), await digest(fallback.ref, EVERY_ROW)];
  if (before.join() === after.join()) return BigInt(going);
  throw new TierdError({
    code: 'DIGEST_MISMATCH',
    message: `${countOf(going, 'row')} of the default partition ${formatTable(fallback.ref)} did not come into ${formatTable(ref)} as they were, or others did not stay so: all of it was rolled back and every row is where it was`,
    hint: `look for columns of ${formatTable(fallback.ref)} that are computed otherwise than those of ${formatTable(table.ref)}`,
    context: { before, after },
  });
}

async function rewrite(
  client: pg.Client,
  table: TableShape,
  {
    ref,
    fallback,
    goes,
    stays,
  }: {
    readonly ref: TableRef;
    readonly fallback: DefaultPartition;
    readonly goes: Sql;
    readonly stays: Sql;
  },
): Promise<void> {
  const columns = table.columns
    .filter(({ generated }) => !generated)
    .map((column) => quoteName(column.name))
    .join(', ');
  const from = quoteTable(fallback.ref);
  const read = (where: Sql): Promise<readonly Buffer[]> =>
    copyOut(client, `copy (select ${columns} from only ${from} where ${inlined(where)}) to stdout`);
  const write = async (into: string, pieces: readonly Buffer[]): Promise<void> => {
    await copyIn(client, `copy ${into} (${columns}) from stdin (freeze)`, pieces);
  };
  const [going, staying] = [await read(goes), await read(stays)];
  const wakeTriggers = await silenceTriggers(client, fallback);
  await client.query(`truncate only ${from}`);
  await write(quoteTable(ref), going);
  if (staying.length > 0) await write(from, staying);
  await wakeTriggers();
}

const WAKE: Readonly<Record<string, string>> = {
  O: 'enable trigger',
  R: 'enable replica trigger',
  A: 'enable always trigger',
};

/** Of INSERT and TRUNCATE: rows that stay are told to nobody. Those of constraints go on. @returns what makes them as they were */
async function silenceTriggers(
  client: pg.Client,
  { oid, ref }: DefaultPartition,
): Promise<() => Promise<void>> {
  const found = await run<{ readonly name: string; readonly state: string }>(
    client,
    sql`select t.tgname as name, t.tgenabled as state from pg_trigger t
        where t.tgrelid = ${oid}::oid and t.tgenabled <> 'D' and t.tgtype & 36 <> 0
          and not exists (select from pg_constraint k where k.oid = t.tgconstraint and k.contype <> 't')`,
  );
  const alter = `alter table only ${quoteTable(ref)}`;
  for (const { name } of found) await client.query(`${alter} disable trigger ${quoteName(name)}`);
  return async () => {
    for (const { name, state } of found)
      await client.query(`${alter} ${WAKE[state] ?? ''} ${quoteName(name)}`);
  };
}

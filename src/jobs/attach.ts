/**
 * attach: the cold rows of a dataset beside its table, in the user's own PostgreSQL. detach: they are gone from there again. The
 * plan is the SQL: what is printed is what is run, in one transaction.
 */
import type pg from 'pg';
import type { Dataset } from '../domain/dataset.ts';
import { TierdError } from '../domain/errors.ts';
import {
  listAttached,
  listShownDomains,
  listViewColumns,
  listViewReaders,
} from '../hot/attach/attachable.ts';
import {
  attachSql,
  type DatasetToAttach,
  dropColdSql,
  printOf,
} from '../hot/attach/dataset-sql.ts';
import { listForeignChunks } from '../hot/attach/foreign-chunks.ts';
import { dropChunkSql, listInPlace } from '../hot/attach/in-place-sql.ts';
import { dropSchemaSql, type FaceToReach, FOREIGN_SERVER } from '../hot/attach/schema-sql.ts';
import { isPostgresError } from '../hot/postgres-error.ts';
import { quoteLiteral, quoteName, quoteTable } from '../hot/quote.ts';
import { inTransaction } from '../hot/transaction.ts';
import { framed, lookAtServer } from './attachment/frame.ts';
import { lookAtTable } from './attachment/look-at-table.ts';
import { assertFree, assertNamesDiffer, dependentRefusal, madeFor } from './attachment/refusals.ts';
import type { LookingRooms } from './rotation/rooms.ts';

export interface AttachRooms extends Pick<LookingRooms, 'clock'> {
  readonly schema: string;
  readonly lockTimeoutMs: number;
}

/** What becomes of a dataset: made, made anew, left as it is, removed. */
export type AttachStep = 'new' | 'changed' | 'same' | 'gone';

export interface AttachPlan {
  readonly datasets: readonly {
    readonly dataset: string;
    /** Of its view. */
    readonly schema: string;
    readonly table: string;
    readonly step: AttachStep;
  }[];
  /** For one transaction; none where all is as it should be. */
  readonly statements: readonly string[];
}

/** @throws TierdError ATTACH_REFUSED with what stands in the way; nothing was changed */
export async function planAttach(
  { clock, schema }: Pick<AttachRooms, 'clock' | 'schema'>,
  db: pg.Client,
  datasets: readonly Dataset[],
  face: FaceToReach,
): Promise<AttachPlan> {
  const server = await lookAtServer(db, schema);
  const there = await listAttached(db, schema);
  const wanted: DatasetToAttach[] = [];
  for (const dataset of datasets) wanted.push(await lookAtTable(db, dataset, clock.now()));
  assertNamesDiffer(wanted, there);
  const planned: { one: DatasetToAttach; step: AttachStep }[] = [];
  const changes: string[] = [];
  for (const one of wanted) {
    const known = there.find(({ dataset }) => dataset === one.dataset);
    const view = { schema, name: one.table.name };
    const columns = await listViewColumns(db, view);
    if (known?.view !== view.name) await assertFree(db, schema, madeFor(view.name));
    const isSame =
      server.hasTriggers &&
      columns.length > 0 &&
      known?.print === printOf(schema, FOREIGN_SERVER, one);
    planned.push({ one, step: known === undefined ? 'new' : isSame ? 'same' : 'changed' });
    if (isSame) continue;
    if (known !== undefined && known.view !== view.name) {
      changes.push(...(await removalOf(db, schema, known.view)));
    }
    const has = {
      view: columns,
      domains: await listShownDomains(db, view),
      readers: await listViewReaders(db, view),
    };
    changes.push(...attachSql(schema, FOREIGN_SERVER, one, has));
  }
  return {
    datasets: planned.map(({ one, step }) => ({
      dataset: one.dataset,
      schema,
      table: one.table.name,
      step,
    })),
    statements: await framed(db, schema, server, face, changes),
  };
}

/** @param names all that are attached when there are none @throws TierdError USAGE for what is not attached */
export async function planDetach(
  { schema }: Pick<AttachRooms, 'schema'>,
  db: pg.Client,
  names: readonly string[],
): Promise<AttachPlan> {
  const there = await listAttached(db, schema);
  const inPlace = await listInPlace(db);
  const all = [...new Set([...there, ...inPlace].map(({ dataset }) => dataset))];
  const unknown = names.find((name) => !all.includes(name));
  if (unknown !== undefined) {
    const attached = all.join(', ');
    throw new TierdError({
      code: 'USAGE',
      message: `${unknown} is not attached in schema ${schema}; nothing was done.`,
      hint: attached === '' ? 'Nothing is attached there.' : `Attached are ${attached}.`,
    });
  }
  const goes = ({ dataset }: { readonly dataset: string }): boolean =>
    names.length === 0 || names.includes(dataset);
  const gone = there.filter(goes);
  const goneInPlace = inPlace.filter(goes);
  const statements: string[] = [];
  for (const { dataset, view } of gone) {
    statements.push(
      ...(await removalOf(db, schema, view)),
      `delete from ${quoteName(schema)}.tierd_attached where dataset = ${quoteLiteral(dataset)}`,
    );
  }
  for (const one of goneInPlace) {
    statements.push(...dropChunkSql(one, await listForeignChunks(db, one.table)));
  }
  const left = there.length + inPlace.length - gone.length - goneInPlace.length;
  if (left === 0 && all.length > 0) statements.push(...dropSchemaSql(schema));
  return {
    datasets: [
      ...gone.map(({ dataset, view }) => ({ dataset, schema, table: view, step: 'gone' as const })),
      ...goneInPlace.map(({ dataset, chunk }) => ({
        dataset,
        schema: chunk.schema,
        table: chunk.name,
        step: 'gone' as const,
      })),
    ],
    statements,
  };
}

/** Runs a plan that was made in this transaction. @param assertSound what it throws takes all of it back */
export async function runPlan(
  { lockTimeoutMs }: Pick<AttachRooms, 'lockTimeoutMs'>,
  db: pg.Client,
  doing: string,
  plan: () => Promise<AttachPlan>,
  assertSound: () => Promise<void> = () => Promise.resolve(),
): Promise<AttachPlan> {
  return inTransaction(
    db,
    { doing, isolation: 'read committed', readOnly: false, limits: { lockTimeoutMs } },
    async () => {
      const made = await plan();
      for (const statement of made.statements) {
        await db.query(statement).catch((error: unknown) => {
          throw dependentRefusal(error) ?? error;
        });
      }
      if (made.statements.length > 0) await assertSound();
      return made;
    },
  );
}

/**
 * Has PostgreSQL take statistics of what was made, without which it plans for a thousand rows. It asks tierd for a sample.
 *
 * @returns why some could not be taken, in PostgreSQL's words; the views answer without them
 */
export async function takeStatistics(
  db: pg.Client,
  { datasets }: AttachPlan,
): Promise<readonly string[]> {
  const failures: string[] = [];
  for (const { schema, table, step } of datasets) {
    if (step !== 'new' && step !== 'changed') continue;
    const cold = quoteTable({ schema, name: `${table}_cold` });
    try {
      await db.query(`analyze ${cold}`);
    } catch (error) {
      if (!isPostgresError(error)) throw error;
      const { message, detail } = error as pg.DatabaseError;
      failures.push(
        detail === undefined ? `${cold}: ${message}` : `${cold}: ${message} (${detail})`,
      );
    }
  }
  return failures;
}

/** Makes a plan, and changes nothing (I7). */
export async function lookOnly(
  db: pg.Client,
  doing: string,
  plan: () => Promise<AttachPlan>,
): Promise<AttachPlan> {
  return inTransaction(db, { doing, isolation: 'repeatable read', readOnly: true }, plan);
}

async function removalOf(db: pg.Client, schema: string, view: string): Promise<readonly string[]> {
  const domains = await listShownDomains(db, { schema, name: view });
  return [
    `drop view if exists ${quoteTable({ schema, name: view })}`,
    ...dropColdSql(schema, view, domains),
  ];
}

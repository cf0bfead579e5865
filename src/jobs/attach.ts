/**
 * attach: the cold rows of a dataset beside its table, in the user's own PostgreSQL. detach: they are gone from there again. The
 * plan is the SQL: what is printed is what is run, in one transaction.
 */
import type pg from 'pg';
import { planColumns } from '../domain/columns/plan-columns.ts';
import type { Dataset } from '../domain/dataset.ts';
import { TierdError } from '../domain/errors.ts';
import { identityOf } from '../domain/plan/row-identity.ts';
import { type ColumnDescription, formatTable } from '../domain/table.ts';
import { DAY_MS } from '../domain/time/time-range.ts';
import {
  type AttachableTable,
  type AttachingServer,
  listAttached,
  listShownDomains,
  listViewColumns,
  listViewReaders,
  readAttachable,
  readAttachingServer,
  readServerOptions,
} from '../hot/attach/attachable.ts';
import {
  type AttachColumn,
  attachSql,
  type DatasetToAttach,
  dropColdSql,
  MAX_TABLE_NAME_BYTES,
  printOf,
} from '../hot/attach/dataset-sql.ts';
import {
  dropSchemaSql,
  type FaceToReach,
  FOREIGN_SERVER,
  schemaSql,
  serverSql,
} from '../hot/attach/schema-sql.ts';
import { isPostgresError } from '../hot/postgres-error.ts';
import { quoteLiteral, quoteName, quoteTable } from '../hot/quote.ts';
import { describeShape } from '../hot/table/introspect.ts';
import { listRowKeys } from '../hot/table/unique-key.ts';
import { inTransaction } from '../hot/transaction.ts';
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
  const server = await readAttachingServer(db, schema);
  assertServer(server, schema);
  const there = await listAttached(db, schema);
  const wanted: DatasetToAttach[] = [];
  for (const dataset of datasets) wanted.push(await look(db, dataset, clock.now()));
  assertNamesDiffer(wanted, there);
  const planned = wanted.map((one) => {
    const known = there.find(({ dataset }) => dataset === one.dataset);
    const isSame = known?.print === printOf(schema, FOREIGN_SERVER, one);
    const step: AttachStep = known === undefined ? 'new' : isSame ? 'same' : 'changed';
    return { one, step, known };
  });
  const changes: string[] = [];
  for (const { one, step, known } of planned) {
    if (step === 'same') continue;
    const view = { schema, name: one.table.name };
    if (known !== undefined && known.view !== view.name) {
      changes.push(...(await removalOf(db, schema, known.view)));
    }
    const has = {
      view: await listViewColumns(db, view),
      domains: await listShownDomains(db, view),
      readers: await listViewReaders(db, view),
    };
    if (known === undefined && has.view.length > 0) throw viewIsThere(formatTable(view));
    changes.push(...attachSql(schema, FOREIGN_SERVER, one, has));
  }
  const shared = serverSql(face, await readServerOptions(db, FOREIGN_SERVER));
  const isSame = changes.length === 0 && shared.length === 0;
  // With IF NOT EXISTS the right to create it would be asked for all the same.
  const first = [
    ...(server.hasWrapper ? [] : ['create extension postgres_fdw with schema public']),
    ...(server.hasSchema ? [] : [`create schema ${quoteName(schema)}`]),
  ];
  return {
    datasets: planned.map(({ one, step }) => ({
      dataset: one.dataset,
      schema,
      table: one.table.name,
      step,
    })),
    statements: isSame
      ? []
      : // Nobody publishes a segment between the look at the newest and the triggers.
        [
          'lock table tierd.segments in share row exclusive mode',
          ...first,
          ...shared,
          ...schemaSql(schema),
          ...changes,
        ],
  };
}

/** @param names all that are attached when there are none @throws TierdError USAGE for what is not attached */
export async function planDetach(
  { schema }: Pick<AttachRooms, 'schema'>,
  db: pg.Client,
  names: readonly string[],
): Promise<AttachPlan> {
  const there = await listAttached(db, schema);
  const unknown = names.find((name) => !there.some(({ dataset }) => dataset === name));
  if (unknown !== undefined) {
    const attached = there.map(({ dataset }) => dataset).join(', ');
    throw new TierdError({
      code: 'USAGE',
      message: `${unknown} is not attached in schema ${schema}; nothing was done.`,
      hint: attached === '' ? 'Nothing is attached there.' : `Attached are ${attached}.`,
    });
  }
  const gone = there.filter(({ dataset }) => names.length === 0 || names.includes(dataset));
  const statements: string[] = [];
  for (const { dataset, view } of gone) {
    statements.push(
      ...(await removalOf(db, schema, view)),
      `delete from ${quoteName(schema)}.tierd_attached where dataset = ${quoteLiteral(dataset)}`,
    );
  }
  if (gone.length > 0 && gone.length === there.length) statements.push(...dropSchemaSql(schema));
  return {
    datasets: gone.map(({ dataset, view }) => ({
      dataset,
      schema,
      table: view,
      step: 'gone',
    })),
    statements,
  };
}

/** Runs a plan that was made in this transaction. */
export async function runPlan(
  { lockTimeoutMs }: Pick<AttachRooms, 'lockTimeoutMs'>,
  db: pg.Client,
  doing: string,
  plan: () => Promise<AttachPlan>,
): Promise<AttachPlan> {
  return inTransaction(
    db,
    { doing, isolation: 'read committed', readOnly: false, limits: { lockTimeoutMs } },
    async () => {
      const made = await plan();
      for (const statement of made.statements) await db.query(statement);
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

/** Longer, and a question of hot time alone would ask for the lake as well. */
const MOST_MARGIN_DAYS = 7;

async function look(db: pg.Client, dataset: Dataset, nowMs: number): Promise<DatasetToAttach> {
  const { name, table, timeColumn, timeUnit, hotDays, hotIntervals } = dataset;
  const shape = await describeShape(db, table, timeColumn, timeUnit);
  const found = await readAttachable(db, shape.oid);
  assertAttachable(dataset, found);
  const { columns: plans, refusals } = planColumns(
    shape.columns,
    dataset.columns,
    dataset.portable,
  );
  const [refusal] = refusals;
  if (refusal !== undefined) {
    const { column, postgresType, reason, hint } = refusal;
    throw refused(`column ${column} (${postgresType}) of ${name}: ${reason}`, hint);
  }
  const textual = new Set(plans.filter(({ held }) => held.kind === 'text').map((one) => one.name));
  const columns = found.columns.map((column): AttachColumn => {
    const described = shape.columns.find((one) => one.name === column.name);
    const isComputed = !column.isBuiltIn || isSentOn(described, textual.has(column.name));
    return { ...column, isComputed };
  });
  const keys = dataset.onColdDuplicate === 'newest' ? await listRowKeys(db, shape.oid) : [];
  const identity = identityOf(keys, plans, shape.timeColumn.name);
  const folding = new Set(
    shape.columns.filter(({ foldsTexts }) => foldsTexts).map((one) => one.name),
  );
  const { kind, unit } = shape.timeColumn;
  // Rows of other intervals leave as soon as their day is over.
  const days = hotIntervals === undefined ? Math.min(MOST_MARGIN_DAYS, Math.floor(hotDays / 2)) : 0;
  // A time without a zone is of some zone.
  const zoned = kind === 'timestamptz' ? 0 : 1;
  return {
    dataset: name,
    table,
    found: { ...found, columns },
    time: { column: shape.timeColumn.name, kind, ...(unit === undefined ? {} : { unit }) },
    identity:
      identity?.columns.map((column) => ({
        name: column.name,
        isLoose: identity.loose.includes(column.name) || folding.has(column.name),
      })) ?? null,
    marginUs: (days + zoned) * DAY_MS * 1000,
    cutoffMs: nowMs - hotDays * DAY_MS,
  };
}

/** Types with whose values tierd computes as PostgreSQL does: postgres_fdw sends it conditions on these. */
const COMPUTED_TYPES: ReadonlySet<string> = new Set([
  'bool',
  'int2',
  'int4',
  'int8',
  'float4',
  'float8',
  'numeric',
  'text',
  'varchar',
  'bpchar',
  'date',
  'timestamp',
  'timestamptz',
  'uuid',
]);

function isSentOn(column: ColumnDescription | undefined, isHeldAsText: boolean): boolean {
  if (column === undefined || column.foldsTexts === true) return false;
  const { name } = column.baseType;
  const isText = name === 'text' || name === 'varchar' || name === 'bpchar';
  return COMPUTED_TYPES.has(name) && (isText || !isHeldAsText);
}

function assertServer(
  {
    versionNumber,
    hasWrapper,
    mayMakeWrapper,
    mayUseWrapper,
    hasSchema,
    mayMakeSchema,
    role,
  }: AttachingServer,
  schema: string,
): void {
  if (versionNumber < 150_000) {
    throw refused(
      'PostgreSQL 15 or later is needed: before it a view reads with the rights of its owner',
      'Ask tierd itself, over server.postgres.',
    );
  }
  if (!(hasWrapper ? mayUseWrapper : mayMakeWrapper)) {
    throw refused(
      `${role} may not ${hasWrapper ? 'use' : 'create'} the extension postgres_fdw`,
      `As a superuser: create extension if not exists postgres_fdw; grant usage on foreign data wrapper postgres_fdw to ${quoteName(role)}. Or give a superuser what \`tierd attach --print\` prints.`,
    );
  }
  if (!hasSchema && !mayMakeSchema) {
    throw refused(
      `${role} may create no schema in this database`,
      `As its owner: create schema ${quoteName(schema)} authorization ${quoteName(role)}.`,
    );
  }
}

function assertAttachable(
  { name, table }: Dataset,
  { hasRowSecurity, columns }: AttachableTable,
): void {
  if (hasRowSecurity) {
    throw refused(
      `policies say who sees which row of ${formatTable(table)}, and its cold rows would be seen by everybody who may read the table`,
      `Ask for the hot rows alone there, and for both over tierd's own faces.`,
    );
  }
  const taken = columns.find((column) => column.name === 'tierd_as_of');
  if (taken !== undefined) {
    throw refused(
      `${formatTable(table)} has a column tierd_as_of, which is the name of one of tierd's`,
      'Rename it.',
    );
  }
  if (Buffer.byteLength(table.name) > MAX_TABLE_NAME_BYTES) {
    throw refused(
      `the name of the table of ${name} is longer than ${String(MAX_TABLE_NAME_BYTES)} bytes, and what stands beside it would have none`,
      'Give the table a shorter name.',
    );
  }
}

/** Views have the names of tables, of whatever schema these are. */
function assertNamesDiffer(
  wanted: readonly DatasetToAttach[],
  there: readonly { readonly dataset: string; readonly view: string }[],
): void {
  const all = [
    ...wanted.map(({ dataset, table }) => ({ dataset, view: table.name })),
    ...there.filter(({ dataset }) => !wanted.some((one) => one.dataset === dataset)),
  ];
  const made = (view: string): readonly string[] =>
    ['', '_lake', '_cold', '_later'].map((ending) => view + ending);
  for (const one of all) {
    const other = all.find(
      (each) => each !== one && made(each.view).some((name) => made(one.view).includes(name)),
    );
    if (other === undefined) continue;
    throw refused(
      `${one.dataset} and ${other.dataset} would have the same name there, ${one.view}`,
      'Attach one of the two.',
    );
  }
}

function viewIsThere(view: string): TierdError {
  return refused(
    `there is a view ${view} already that tierd has not made`,
    'Give server.postgres.attach.schema another name.',
  );
}

function refused(what: string, hint: string): TierdError {
  return new TierdError({
    code: 'ATTACH_REFUSED',
    message: `${what}; nothing was changed`,
    hint,
  });
}

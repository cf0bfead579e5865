/** What stands in the way of a view of hot and cold rows. */

import type pg from 'pg';
import type { Dataset } from '../../domain/dataset.ts';
import { TierdError } from '../../domain/errors.ts';
import { formatTable } from '../../domain/table.ts';
import {
  type AttachableTable,
  type AttachingServer,
  findOtherOwner,
  findTaken,
} from '../../hot/attach/attachable.ts';
import { type DatasetToAttach, MAX_TABLE_NAME_BYTES } from '../../hot/attach/dataset-sql.ts';
import { mayNotForget } from '../../hot/attach/foreign-chunks.ts';
import { FOREIGN_SERVER } from '../../hot/attach/schema-sql.ts';
import { isPostgresError } from '../../hot/postgres-error.ts';
import { quoteName } from '../../hot/quote.ts';

/** @throws TierdError ATTACH_REFUSED, as all of these do */
export function assertServer(
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

/** What another role has run once it alone can change. @throws TierdError ATTACH_REFUSED */
export async function assertMayChange(
  db: pg.Client,
  schema: string,
  statements: readonly string[],
  job: 'attach' | 'detach',
): Promise<void> {
  if (await mayNotForget(db, statements)) {
    throw refused(
      'TimescaleDB still keeps account of a foreign chunk that was dropped by hand, and only a superuser can take it out of there',
      'Have one run what the same command with --print prints, by psql.',
    );
  }
  const owner = statements.length === 0 ? null : await findOtherOwner(db, schema, FOREIGN_SERVER);
  if (owner === null) return;
  throw refused(
    `what is attached in schema ${schema} was made by ${owner}, and the role of postgres.url may not change it`,
    `Have ${owner} run what the same command with --print prints, by psql${job === 'attach' ? ', as the first time' : ''}.`,
  );
}

export function assertAttachable(
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
export function assertNamesDiffer(
  wanted: readonly DatasetToAttach[],
  there: readonly { readonly dataset: string; readonly view: string }[],
): void {
  const all = [
    ...wanted.map(({ dataset, table }) => ({ dataset, view: table.name })),
    ...there.filter(({ dataset }) => !wanted.some((one) => one.dataset === dataset)),
  ];
  for (const one of all) {
    const other = all.find(
      (each) => each !== one && madeFor(each.view).some((name) => madeFor(one.view).includes(name)),
    );
    if (other === undefined) continue;
    throw refused(
      `${one.dataset} and ${other.dataset} would have the same name there, ${one.view}`,
      'Attach one of the two.',
    );
  }
}

/** All that stands beside a view, by its name. */
export const madeFor = (view: string): readonly string[] =>
  ['', '_lake', '_cold', '_later', '_until', '_shown_'].map((ending) => view + ending);

/** What an earlier attachment made has a record. */
export async function assertFree(
  db: pg.Client,
  schema: string,
  names: readonly string[],
): Promise<void> {
  const taken = await findTaken(db, schema, names);
  if (taken === null) return;
  throw refused(
    `there is ${taken} already that tierd has not made`,
    'Give server.postgres.attach.schema another name.',
  );
}

/** Null where it is something else than what others have built upon a view. */
export function dependentRefusal(error: unknown): TierdError | null {
  if (!isPostgresError(error)) return null;
  const { code, message, detail } = error as pg.DatabaseError;
  if (code !== '2BP01') return null;
  return refused(
    `${message}${detail === undefined ? '' : ` (${detail.replaceAll('\n', '; ')})`}`,
    'Drop what was built upon it, run the same command again, and make it anew.',
  );
}

export function refused(what: string, hint: string): TierdError {
  return new TierdError({
    code: 'ATTACH_REFUSED',
    message: `${what}; nothing was changed`,
    hint,
  });
}

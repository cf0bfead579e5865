/** What views and hypertables in place have in common: the server that asks tierd, and the triggers that move the lake's end. */
import type pg from 'pg';
import {
  type AttachingServer,
  readAttachingServer,
  readServerOptions,
} from '../../hot/attach/attachable.ts';
import {
  type FaceToReach,
  FOREIGN_SERVER,
  schemaSql,
  serverSql,
} from '../../hot/attach/schema-sql.ts';
import { quoteName } from '../../hot/quote.ts';
import { assertServer } from './refusals.ts';

/** @throws TierdError ATTACH_REFUSED */
export async function lookAtServer(db: pg.Client, schema: string): Promise<AttachingServer> {
  const server = await readAttachingServer(db, schema);
  assertServer(server, schema);
  return server;
}

/** @returns all that has to be run; none where nothing changes */
export async function framed(
  db: pg.Client,
  schema: string,
  { hasWrapper, hasSchema, role }: AttachingServer,
  face: FaceToReach,
  changes: readonly string[],
): Promise<readonly string[]> {
  const shared = serverSql(face, await readServerOptions(db, FOREIGN_SERVER));
  if (changes.length === 0 && shared.length === 0) return [];
  return [
    // Nobody publishes a segment between the look at the newest and the triggers.
    'lock table tierd.segments in share row exclusive mode',
    // With IF NOT EXISTS the right to create it would be asked for all the same.
    ...(hasWrapper ? [] : ['create extension postgres_fdw with schema public']),
    ...(hasSchema ? [] : [`create schema ${quoteName(schema)}`]),
    ...shared,
    ...schemaSql(schema, role),
    ...changes,
  ];
}

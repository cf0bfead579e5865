/** The plan by which hypertables themselves reach into the lake, and that by which they no longer do. */
import type pg from 'pg';
import type { Dataset } from '../../domain/dataset.ts';
import { formatTable } from '../../domain/table.ts';
import { readAttachingServer, readServerOptions } from '../../hot/attach/attachable.ts';
import type { DatasetToAttach } from '../../hot/attach/dataset-sql.ts';
import {
  type AttachedInPlace,
  attachInPlaceSql,
  type ChunkDefinition,
  chunkOf,
  listInPlace,
  printInPlace,
  readChunkDefinition,
} from '../../hot/attach/in-place-sql.ts';
import { probeInPlace } from '../../hot/attach/probe-in-place.ts';
import { mayReadStatistics } from '../../hot/attach/readers-in-place.ts';
import { type FaceToReach, FOREIGN_SERVER, serverSql } from '../../hot/attach/schema-sql.ts';
import { quoteName } from '../../hot/quote.ts';
import { findTimescale, isHypertable } from '../../hot/table/chunks.ts';
import type { AttachPlan, AttachRooms, AttachStep } from '../attach.ts';
import { lookAtTable } from './look-at-table.ts';
import { assertServer, refused } from './refusals.ts';

/** @throws TierdError ATTACH_REFUSED with what stands in the way; nothing was changed */
export async function planAttachInPlace(
  { clock, schema }: Pick<AttachRooms, 'clock' | 'schema'>,
  db: pg.Client,
  datasets: readonly Dataset[],
  face: FaceToReach,
): Promise<AttachPlan> {
  const server = await readAttachingServer(db, schema);
  assertServer(server, schema);
  if (!(await mayReadStatistics(db))) {
    throw refused(
      `${server.role} may not see the snapshots of other sessions, by which tierd tells whether a hypertable is read as of one instant`,
      `As a superuser: grant pg_read_all_stats to ${quoteName(server.role)}.`,
    );
  }
  const there = await listInPlace(db);
  const statements: string[] = [];
  const planned: AttachPlan['datasets'][number][] = [];
  for (const dataset of datasets) {
    const one = await lookAtTable(db, dataset, clock.now());
    const definition = await lookAtChunk(db, one);
    const known = there.find((each) => each.dataset === one.dataset) ?? null;
    const step = stepOf(schema, one, definition, known);
    const { name: table } = chunkOf(schema, one.table);
    planned.push({ dataset: one.dataset, schema, table, step });
    if (step === 'same') continue;
    statements.push(...attachInPlaceSql(schema, FOREIGN_SERVER, one, definition, known));
  }
  const shared = serverSql(face, await readServerOptions(db, FOREIGN_SERVER));
  const isSame = statements.length === 0 && shared.length === 0;
  return {
    datasets: planned,
    statements: isSame
      ? []
      : // Nobody publishes a segment between the look at the newest and the trigger's.
        [
          'lock table tierd.segments in share row exclusive mode',
          ...(server.hasWrapper ? [] : ['create extension postgres_fdw with schema public']),
          ...(server.hasSchema ? [] : [`create schema ${quoteName(schema)}`]),
          ...shared,
          ...statements,
        ],
  };
}

function stepOf(
  schema: string,
  one: DatasetToAttach,
  definition: ChunkDefinition,
  known: AttachedInPlace | null,
): AttachStep {
  if (known === null) return 'new';
  const print = printInPlace(schema, FOREIGN_SERVER, one, definition);
  return known.isThere && known.isOfHere && known.print === print ? 'same' : 'changed';
}

async function lookAtChunk(db: pg.Client, { table }: DatasetToAttach): Promise<ChunkDefinition> {
  const timescale = await findTimescale(db);
  const definition = await readChunkDefinition(
    db,
    table,
    timescale !== null && (await isHypertable(db, table)),
  );
  if (!definition.isHypertable) {
    throw refused(
      `${formatTable(table)} is no hypertable of TimescaleDB, and no other table takes a foreign one as a chunk`,
      '`tierd attach` without --in-place makes a view of hot and cold rows.',
    );
  }
  const generated = definition.columns.find(({ isGenerated }) => isGenerated);
  if (generated !== undefined) {
    throw refused(
      `column ${generated.name} of ${formatTable(table)} is generated, and a foreign chunk would compute it anew`,
      '`tierd attach` without --in-place makes a view of hot and cold rows.',
    );
  }
  const folding = definition.columns.find(({ foldsTexts }) => foldsTexts);
  if (folding !== undefined) {
    throw refused(
      `column ${folding.name} of ${formatTable(table)} has a collation that calls different texts equal, and tierd would compare those in the lake by their bytes`,
      '`tierd attach` without --in-place makes a view, where PostgreSQL compares them.',
    );
  }
  return definition;
}

/**
 * Tries in the database what reading in place is built upon. Call it in the transaction that attaches, once the server is there.
 *
 * @throws TierdError ATTACH_REFUSED with what this TimescaleDB does otherwise
 */
export async function assertProbed(db: pg.Client, schema: string): Promise<void> {
  const timescale = await findTimescale(db);
  if (timescale === null) return;
  const failures = await probeInPlace(db, schema, FOREIGN_SERVER, timescale.schema);
  if (failures.length === 0) return;
  throw refused(
    `TimescaleDB ${timescale.version} does not do what reading in place is built upon: ${failures.join('; ')}`,
    '`tierd attach` without --in-place makes a view of hot and cold rows.',
  );
}

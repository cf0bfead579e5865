/** The plan by which hypertables themselves reach into the lake, and that by which they no longer do. */
import type pg from 'pg';
import type { Dataset } from '../../domain/dataset.ts';
import { formatTable } from '../../domain/table.ts';
import type { DatasetToAttach } from '../../hot/attach/dataset-sql.ts';
import {
  attachInPlaceSql,
  type ChunkDefinition,
  chunkOf,
  listInPlace,
  printInPlace,
  readChunkDefinition,
} from '../../hot/attach/in-place-sql.ts';
import { probeInPlace } from '../../hot/attach/probe-in-place.ts';
import { mayReadStatistics } from '../../hot/attach/readers-in-place.ts';
import { type FaceToReach, FOREIGN_SERVER } from '../../hot/attach/schema-sql.ts';
import { quoteName } from '../../hot/quote.ts';
import { findTimescale, isHypertable } from '../../hot/table/chunks.ts';
import type { AttachPlan, AttachRooms } from '../attach.ts';
import { framed, lookAtServer } from './frame.ts';
import { lookAtTable } from './look-at-table.ts';
import { refused } from './refusals.ts';

/** @throws TierdError ATTACH_REFUSED with what stands in the way; nothing was changed */
export async function planAttachInPlace(
  { clock, schema }: Pick<AttachRooms, 'clock' | 'schema'>,
  db: pg.Client,
  datasets: readonly Dataset[],
  face: FaceToReach,
): Promise<AttachPlan> {
  const server = await lookAtServer(db, schema);
  if (!(await mayReadStatistics(db))) {
    throw refused(
      `${server.role} may not see the snapshots of other sessions, by which tierd tells whether a hypertable is read as of one instant`,
      `As a superuser: grant pg_read_all_stats to ${quoteName(server.role)}.`,
    );
  }
  const there = await listInPlace(db);
  const at = { schema, server: FOREIGN_SERVER, role: server.role };
  const changes: string[] = [];
  const planned: AttachPlan['datasets'][number][] = [];
  for (const dataset of datasets) {
    const one = await lookAtTable(db, dataset, clock.now());
    const definition = await lookAtChunk(db, one);
    const known = there.find((each) => each.dataset === one.dataset) ?? null;
    const isSame =
      server.hasTriggers &&
      known?.isThere === true &&
      known.isOfHere &&
      known.otherOwner === null &&
      known.print === printInPlace(schema, FOREIGN_SERVER, one, definition);
    const { name: table } = chunkOf(schema, one.table);
    const step = known === null ? 'new' : isSame ? 'same' : 'changed';
    planned.push({ dataset: one.dataset, schema, table, step });
    if (!isSame) changes.push(...attachInPlaceSql(at, one, definition, known));
  }
  return { datasets: planned, statements: await framed(db, schema, server, face, changes) };
}

async function lookAtChunk(db: pg.Client, { table }: DatasetToAttach): Promise<ChunkDefinition> {
  const timescale = await findTimescale(db);
  if (timescale === null || !(await isHypertable(db, table))) {
    throw refused(
      `${formatTable(table)} is no hypertable of TimescaleDB, and no other table takes a foreign one as a chunk`,
      '`tierd attach` without --in-place makes a view of hot and cold rows.',
    );
  }
  const definition = await readChunkDefinition(db, table);
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

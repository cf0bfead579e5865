/** The plan by which hypertables themselves reach into the lake, and that by which they no longer do. */
import type pg from 'pg';
import type { Dataset } from '../../domain/dataset.ts';
import { formatTable } from '../../domain/table.ts';
import type { DatasetToAttach } from '../../hot/attach/dataset-sql.ts';
import { type ForeignChunk, listForeignChunks } from '../../hot/attach/foreign-chunks.ts';
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
import { type FaceToReach, FOREIGN_SERVER } from '../../hot/attach/schema-sql.ts';
import { quoteName } from '../../hot/quote.ts';
import { findTimescale, isHypertable, listDimensions } from '../../hot/table/chunks.ts';
import type { AttachPlan, AttachRooms } from '../attach.ts';
import { framed, lookAtServer } from './frame.ts';
import { lookAtTable } from './look-at-table.ts';
import { assertFree, refused } from './refusals.ts';

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
    const chunks = await listForeignChunks(db, one.table);
    assertNoOther(one, chunks, known);
    const isSame =
      chunks.every(({ isThere }) => isThere) &&
      server.hasTriggers &&
      known?.isThere === true &&
      known.isOfHere &&
      known.otherOwner === null &&
      known.print === printInPlace(schema, FOREIGN_SERVER, one, definition);
    const { name: table } = chunkOf(schema, one.table);
    if (known?.chunk.schema !== schema || known.chunk.name !== table) {
      await assertFree(db, schema, [table]);
    }
    const step = known === null ? 'new' : isSame ? 'same' : 'changed';
    planned.push({ dataset: one.dataset, schema, table, step });
    if (!isSame) changes.push(...attachInPlaceSql(at, one, definition, known, chunks));
  }
  return { datasets: planned, statements: await framed(db, schema, server, face, changes) };
}

/** With two of them rows would be there twice. */
function assertNoOther(
  { table }: DatasetToAttach,
  chunks: readonly ForeignChunk[],
  known: AttachedInPlace | null,
): void {
  const other = chunks.find(
    ({ chunk, isThere }) =>
      isThere &&
      chunk !== null &&
      (chunk.schema !== known?.chunk.schema || chunk.name !== known.chunk.name),
  );
  if (other === undefined || other.chunk === null) return;
  throw refused(
    `${formatTable(table)} has a foreign chunk already that this ledger has not attached, ${formatTable(other.chunk)}`,
    `Where nothing else needs it: select _timescaledb_functions.drop_osm_chunk('${formatTable(table)}').`,
  );
}

const VIEW_INSTEAD = '`tierd attach` without --in-place makes a view of hot and cold rows.';

async function lookAtChunk(db: pg.Client, { table }: DatasetToAttach): Promise<ChunkDefinition> {
  const timescale = await findTimescale(db);
  if (timescale === null || !(await isHypertable(db, table))) {
    throw refused(
      `${formatTable(table)} is no hypertable of TimescaleDB, and no other table takes a foreign one as a chunk`,
      VIEW_INSTEAD,
    );
  }
  const [, space] = await listDimensions(db, table);
  if (space !== undefined) {
    throw refused(
      `the chunks of ${formatTable(table)} are cut by ${space} as well as by time, and TimescaleDB takes a foreign table as a chunk of hypertables alone that are cut by time`,
      VIEW_INSTEAD,
    );
  }
  const definition = await readChunkDefinition(db, table);
  const generated = definition.columns.find(({ isGenerated }) => isGenerated);
  if (generated !== undefined) {
    throw refused(
      `column ${generated.name} of ${formatTable(table)} is generated, and a foreign chunk would compute it anew`,
      VIEW_INSTEAD,
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
    VIEW_INSTEAD,
  );
}

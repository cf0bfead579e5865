/**
 * Rows that came again after they moved: until the next rotation settles them, the lake has the older
 * row and PostgreSQL the newer one. A query that sees both as one table sees the newer.
 */
import { hasIdentity, type RowIdentity } from '../../domain/plan/row-identity.ts';
import { sameValue } from '../../lake/cold-matches.ts';
import { stagedName } from '../../lake/segment/staging-table.ts';
import type { Engine } from '../engine.ts';
import type { SegmentRef, TimeHull } from '../segments/cold-catalog.ts';
import { nameInFile } from '../segments/columns-as-now.ts';
import { intersect } from '../segments/time-hull.ts';
import { quoteName } from '../sql/sql-text.ts';
import { ofColumnsOnly, resolveForHot } from './hot-predicate.ts';
import type { HotSide } from './hot-rows.ts';
import { StagedRows } from './staged-rows.ts';

export interface NewerRows {
  readonly identity: RowIdentity;
  /** The hot rows' keys, in columns called as `stagedName` says, in the identity's order. */
  readonly table: string;
}

/**
 * The keys of hot rows of the times that the chosen segments have, often none at all. Null where no
 * row of the lake can have a newer one. The conditions on other columns than the key's are left out:
 * a newer row may fail them, and the older one is none the less outdated.
 */
export async function loadNewerRows(
  engine: Engine,
  {
    schema,
    predicate,
    hull: asked,
    segments,
    hot,
    place,
  }: HotSide & { readonly segments: readonly SegmentRef[] },
): Promise<NewerRows | null> {
  if (segments.length === 0) return null;
  const identity = await hot.identify();
  if (identity === null) return null;
  const met = segments.filter((segment) => canBeOutdated(segment, identity));
  if (met.length === 0) return null;
  const { connection } = engine;
  const hull = intersect(asked, spanOf(met));
  const resolved = await resolveForHot(connection, schema, predicate);
  const { columns } = identity;
  const staged = new StagedRows(engine, `newer_${place}`, columns);
  const rows = await hot.read({
    columns,
    hull,
    predicate: ofColumnsOnly(
      resolved,
      columns.map((column) => column.name),
    ),
    onBatch: staged.append,
  });
  staged.close();
  return rows === 0 ? null : { identity, table: staged.table };
}

/** As a rotation judges it: rows of other segments stay beside the newer ones. */
export function canBeOutdated({ columns }: SegmentRef, identity: RowIdentity): boolean {
  const inFile = columns.map((column) => ({ ...column, name: nameInFile(column) }));
  return hasIdentity(inFile, identity);
}

/** @param source of rows with the columns of the segments' files */
export function withoutOutdated(source: string, { identity, table }: NewerRows): string {
  const same = identity.columns.map(
    ({ name }, index) =>
      `older.${quoteName(name)} ${sameValue(identity)} newer.${stagedName(index)}`,
  );
  return `(select older.* from ${source} as older anti join ${table} as newer on ${same.join(' and ')})`;
}

function spanOf(segments: readonly SegmentRef[]): TimeHull {
  const { minTimeUs: first, maxTimeUs: last } = segments.reduce(
    (span, { minTimeUs, maxTimeUs }) => ({
      ...span,
      minTimeUs: minTimeUs < span.minTimeUs ? minTimeUs : span.minTimeUs,
      maxTimeUs: maxTimeUs > span.maxTimeUs ? maxTimeUs : span.maxTimeUs,
    }),
  );
  return { fromInclusiveUs: first, toInclusiveUs: last };
}

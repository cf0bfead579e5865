/**
 * Late rows against rows of the lake, by a unique key: DuckDB finds the pairs, and the fingerprint,
 * which shares nothing with it, says that it found the right ones.
 *
 * What carries whole rows goes file by file: rows so large that a vector of them would not fit into
 * memory lie in files of few, and a join over all files would gather them again.
 */
import type { ColumnPlan } from '../domain/columns/column-plan.ts';
import { TierdError } from '../domain/errors.ts';
import { addFingerprints, emptyFingerprint, type SliceFingerprint } from '../domain/fingerprint.ts';
import { isHeldAlike, type RowIdentity } from '../domain/plan/row-identity.ts';
import { interrupted, reading } from './lake-failure.ts';
import {
  type DuckConnection,
  type DuckEngine,
  quoteSqlName,
  quoteSqlText,
} from './segment/duckdb.ts';
import { fingerprintQuery } from './segment/read-by-duckdb.ts';
import { readCounts } from './segment/small-results.ts';
import { isOwnFailure, verifyImpossible } from './segment/unverifiable.ts';

/** Rows in Parquet files, all written with the same columns. */
export interface FileRows {
  readonly paths: readonly string[];
  readonly columns: readonly ColumnPlan[];
}

/** Late rows on one side and rows of the lake on the other; both have the identity's columns. */
export interface Meeting {
  readonly engine: DuckEngine;
  readonly identity: RowIdentity;
  readonly late: FileRows;
  readonly cold: FileRows;
  readonly signal: AbortSignal;
}

export interface MatchCount {
  /** Pairs of a late row and a row of the lake with the same key. */
  readonly rows: number;
  /**
   * Of these, pairs that differ in some column, but for what only the bytes tell (−0 and 0); all of
   * them where the columns are others.
   */
  readonly changed: number;
}

const DOING = 'compare late rows with the lake';

export async function countMatches(meeting: Meeting): Promise<MatchCount> {
  const { identity, late, cold } = meeting;
  const differs = differ(meeting);
  const sql = `select count(*)::double, count(*) filter (where ${differs})::double
    from (${selectHashed(identity, cold)}) as cold join (${selectHashed(identity, late)}) as late
      on ${sameKey(identity)}`;
  const [rows = 0, changed = 0] = await withConnection(meeting, (connection) =>
    readCounts(connection, sql),
  );
  return { rows, changed };
}

/** SQL that is true of a pair that differs, as `MatchCount` counts it. */
export const differ = ({ late, cold }: Pick<Meeting, 'late' | 'cold'>): string =>
  isHeldAlike(late.columns, cold.columns) ? `cold.${HASH} <> late.${HASH}` : 'true';

/** No name that a column is likely to have. */
const HASH = quoteSqlName('tierd hash of the row');

/** The key and a hash of the row: a join that took the values along would hold all of them. */
export function selectHashed(identity: RowIdentity, { paths, columns }: FileRows): string {
  const keys = identity.columns.map(({ name }) => quoteSqlName(name)).join(', ');
  const values = columns.map(({ name }) => quoteSqlName(name)).join(', ');
  return `select ${keys}, hash(${values}) as ${HASH} from ${source(paths)}`;
}

/** Of the rows of one side whose key the other has: of these columns, cast to their types, or of all of the side's. */
export async function fingerprintMatched(
  meeting: Meeting,
  side: 'late' | 'cold',
  columns: readonly ColumnPlan[] = meeting[side].columns,
): Promise<SliceFingerprint> {
  let total = emptyFingerprint(columns.map(({ name }) => name));
  for (const path of meeting[side].paths) {
    total = addFingerprints(total, await fingerprintInFile(meeting, side, path, columns));
  }
  return total;
}

async function fingerprintInFile(
  meeting: Meeting,
  side: 'late' | 'cold',
  path: string,
  columns: readonly ColumnPlan[],
): Promise<SliceFingerprint> {
  const { engine, identity, signal } = meeting;
  const other = side === 'late' ? 'cold' : 'late';
  const from =
    `from ${source([path])} as ${side}` +
    ` semi join ${source(meeting[other].paths)} as ${other} on ${sameKey(identity)}`;
  const [rows = 0] = await withConnection(meeting, (connection) =>
    readCounts(connection, `select count(*)::double ${from}`),
  );
  if (rows === 0) return emptyFingerprint(columns.map(({ name }) => name));
  const own = new Map(meeting[side].columns.map((plan) => [plan.name, plan.duckdbType]));
  const values = columns.map(({ name, duckdbType }) => {
    const value = `${side}.${quoteSqlName(name)}`;
    return own.get(name) === duckdbType ? value : `cast(${value} as ${duckdbType})`;
  });
  const sql = `select ${values.join(', ')} ${from}`;
  const read = { engine, sql, rows, columns, doing: DOING, signal };
  const fingerprint = await readable(path, () => fingerprintQuery(read));
  if (fingerprint.rows !== rows) throw endedEarly(path, rows, fingerprint.rows);
  return fingerprint;
}

function endedEarly(path: string, wanted: number, found: number): TierdError {
  return new TierdError({
    code: 'VERIFY_IMPOSSIBLE',
    message: `Of ${String(wanted)} rows of ${path} that have keys of late rows ${String(found)} could be read. Nothing was replaced and nothing was deleted.`,
    hint: 'Run the same command again; if it stays so, `tierd scrub` says whether the file is sound.',
  });
}

/** SQL of the rows of one of the lake's files whose key no late row has, in the columns' order. */
export function selectUnmatched({ identity, late, cold }: Meeting, path: string): string {
  const names = cold.columns.map(({ name }) => `cold.${quoteSqlName(name)}`).join(', ');
  return `select ${names} from ${source([path])} as cold anti join ${source(late.paths)} as late on ${sameKey(identity)}`;
}

export function sameKey(identity: RowIdentity): string {
  return identity.columns
    .map(({ name }) => quoteSqlName(name))
    .map((name) => `cold.${name} ${sameValue(identity)} late.${name}`)
    .join(' and ');
}

/** Nulls are equal where the key says so itself (NULLS NOT DISTINCT); else who has one has no namesake. */
export const sameValue = ({ nulls }: Pick<RowIdentity, 'nulls'>): string =>
  nulls === 'equal' ? 'is not distinct from' : '=';

export function source(paths: readonly string[]): string {
  return `read_parquet([${paths.map(quoteSqlText).join(', ')}], hive_partitioning = false)`;
}

async function withConnection<Result>(
  { engine, cold, signal }: Pick<Meeting, 'engine' | 'cold' | 'signal'>,
  work: (connection: DuckConnection) => Promise<Result>,
): Promise<Result> {
  const connection = await engine.connect();
  const onAbort = (): void => connection.interrupt();
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    return await readable(cold.paths[0] ?? '', () => work(connection));
  } catch (error) {
    throw signal.aborted ? interrupted(DOING, signal.reason) : error;
  } finally {
    signal.removeEventListener('abort', onAbort);
    connection.close();
  }
}

/** Where memory or the disk for spilling ran out, nothing is wrong with the lake. */
function readable<Result>(path: string, work: () => Promise<Result>): Promise<Result> {
  return reading(DOING, async () => {
    try {
      return await work();
    } catch (error) {
      throw isOwnFailure(error) ? verifyImpossible(path, error) : error;
    }
  });
}

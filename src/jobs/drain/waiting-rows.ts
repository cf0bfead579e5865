/**
 * What waits in Redis as the rows that a drain would make of it, beside one PostgreSQL snapshot: read before it
 * is taken, and judged by the ledger as that snapshot has it. Changes nothing in either store (I7).
 *
 * What is committed between the two is met twice rather than not at all. The ledger tells which of it was: of a
 * stream by the entries' ids, of a claimed list by how far it was committed. Rows with a key meet in it.
 */
import type pg from 'pg';
import { openJudge } from '../../domain/drain/judge-rows.ts';
import { prepareMapping } from '../../domain/drain/map-entry.ts';
import type { DrainSource } from '../../domain/drain/source.ts';
import type { LiveBatch } from '../../domain/live/live-entry.ts';
import type { Clock } from '../../domain/time/clock.ts';
import type { TextRow } from '../../hot/copy/copy-text.ts';
import { describeShape } from '../../hot/table/introspect.ts';
import { countOfKey, relationAfter } from '../../hot/write/as-written.ts';
import { findRefused, holdRows } from '../../hot/write/given-rows.ts';
import { type RowRules, readRowRules } from '../../hot/write/row-rules.ts';
import { claimsSince, instantOf } from '../../ledger/claims.ts';
import { countBatches } from '../../ledger/drain-sources.ts';
import { readMark } from '../../ledger/streams.ts';
import type { LiveStore } from '../../live/connect.ts';
import { type ReadWaiting, readWaiting, type WaitingRoom } from '../../live/read-waiting.ts';
import { findKnown } from './known-entries.ts';
import { lookBeforeTaking } from './look-first.ts';
import { type DrainPlan, planDrain } from './plan-drain.ts';
import type { DrainSettings } from './rooms.ts';
import { type MappedBatch, mapBatch, sortEntries } from './sort-entries.ts';

export interface WaitingRooms {
  readonly db: pg.Client;
  readonly settings: Pick<DrainSettings, 'statementTimeoutMs' | 'lockTimeoutMs'>;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly room: WaitingRoom;
}

/** Read, and not yet compared with any snapshot. */
export interface FoundWaiting {
  readonly plan: DrainPlan;
  readonly read: ReadWaiting;
  readonly mapped: readonly MappedBatch[];
  /** Before anything was read: how many batches were committed, and when that was by PostgreSQL's clock. */
  readonly batchesBefore: string;
  readonly asOf: string;
}

/**
 * Outside of any transaction.
 *
 * @throws TierdError what `planDrain` and `lookBeforeTaking` refuse, LIVE_ROWS_EXCEEDED, and what Redis answers
 */
export async function findWaiting(
  { db, settings, clock, signal, room }: WaitingRooms,
  store: LiveStore,
  source: DrainSource,
): Promise<FoundWaiting> {
  const plan = await planDrain(db, source, settings);
  const { refusal } = await lookBeforeTaking(store, plan, { clock, signal });
  if (refusal !== null) throw refusal;
  const batchesBefore = await countBatches(db, source.name);
  const asOf = await instantOf(db);
  let last: Promise<unknown> = Promise.resolve();
  const read = await readWaiting(store, source.live, {
    clock,
    signal,
    room,
    // Streams are read together, and the connection is one: one after the other.
    markOf: (key) => {
      const mark = last.then(() => readMark(db, { dataset: source.dataset.name, key }));
      last = mark.catch(() => undefined);
      return mark;
    },
  });
  const map = prepareMapping(plan.rows);
  const way = { target: plan.target, hope: CAUTIOUS, direct: null };
  const mapped: MappedBatch[] = [];
  for (const batch of read.batches) mapped.push(await mapBatch(map, batch, clock.now(), way));
  return { plan, read, mapped, batchesBefore, asOf };
}

/** Without a look into Redis: the columns that rows would have, and no row. */
export async function planWaiting(
  { db, settings }: Pick<WaitingRooms, 'db' | 'settings'>,
  source: DrainSource,
): Promise<FoundWaiting> {
  const plan = await planDrain(db, source, settings);
  const read = { batches: [], claimsBefore: [], wasClaimed: false, foreignKeys: 0 };
  return { plan, read, mapped: [], batchesBefore: await countBatches(db, source.name), asOf: '' };
}

/** Nothing is encoded ahead: nothing is written. */
const CAUTIOUS = { cautiousFor: Number.MAX_SAFE_INTEGER };

/** What waits, as of the snapshot of the transaction that `db` is in. */
export interface SettledWaiting {
  readonly source: DrainSource;
  readonly rows: readonly TextRow[];
  /** Would become dead letters, as far as a look can tell. */
  readonly deadLetters: number;
  /** Something was drained, or claimed, since it was read: another look may meet all of it once. */
  readonly isUnsure: boolean;
  /** Whether a row that was drained meanwhile is there twice where it is unsure: nothing tells that it is one. */
  readonly mayBeTwice: boolean;
  /** A SELECT of the rows; null where there is none. */
  readonly given: string | null;
  readonly rules: RowRules;
  /** The table after a drain, over the table or the relation that `base` is. */
  readonly after: (base: string) => string;
}

/** @param slot tells its rows from those of others in the transaction */
export async function settleWaiting(
  db: pg.Client,
  found: FoundWaiting,
  clock: Clock,
  slot: number,
): Promise<SettledWaiting> {
  const { plan } = found;
  const { source, target } = plan;
  const { dataset } = source;
  const sorted = await sortAll(db, found, clock);
  const shape = await describeShape(db, dataset.table, dataset.timeColumn, dataset.timeUnit);
  const rules = await readRowRules(db, shape.oid, shape.columns, target);
  const refused = await findRefused(db, rules, sorted.rows, source.name);
  const rows = sorted.rows.filter((_, index) => !refused.has(index));
  const given = rows.length === 0 ? null : await holdRows(db, rules, rows, slot);
  const rounds = given === null ? 0 : await roundsOf(db, given, plan);
  const unsure = await isUnsure(db, found);
  return {
    source,
    rows,
    deadLetters: sorted.deadLetters + refused.size,
    isUnsure: unsure,
    mayBeTwice: unsure && source.live.kind === 'list' && !meetsByKey(target),
    given,
    rules,
    after: (base) => (given === null ? base : relationAfter(base, given, rules, target, rounds)),
  };
}

/** A list's entry that is not claimed yet has no name of its own: by `$entry` it is never the one that was. */
function meetsByKey({ key, sameKey }: DrainPlan['target']): boolean {
  return key !== null && sameKey !== null;
}

async function roundsOf(db: pg.Client, given: string, { target }: DrainPlan): Promise<number> {
  if (!target.merge || target.key === null) return 1;
  const { rows } = await db.query<{ count: number }>(countOfKey(given, target.key));
  return rows[0]?.count ?? 1;
}

async function sortAll(
  db: pg.Client,
  { plan, mapped }: FoundWaiting,
  clock: Clock,
): Promise<{ readonly rows: readonly TextRow[]; readonly deadLetters: number }> {
  const { source } = plan;
  const columns = plan.rows.columns.map(({ column }) => column);
  const judge = openJudge(source.rules, columns, source.dataset.timeColumn);
  const flagsIndex = plan.rows.columns.findIndex(
    ({ origin }) => origin.from === 'built-in' && origin.name === '$flags',
  );
  const rows: TextRow[] = [];
  let deadLetters = 0;
  for (const one of mapped) {
    const { isKnown, heldFor } = await findKnown(db, source, one.batch);
    const sorted = sortEntries(one, judge, clock.now(), { isKnown, heldFor, flagsIndex });
    for (const { values } of sorted.rows) rows.push(values);
    deadLetters += sorted.letters.length;
  }
  return { rows, deadLetters };
}

/** Of a stream the ledger knows each entry. */
async function isUnsure(db: pg.Client, found: FoundWaiting): Promise<boolean> {
  const { plan, read, batchesBefore, asOf } = found;
  const { live, name } = plan.source;
  if (live.kind === 'stream') return false;
  if (live.kind !== 'list') {
    return read.wasClaimed || (await countBatches(db, name)) !== batchesBefore;
  }
  const known = new Set(read.claimsBefore);
  const keys = read.batches.flatMap(unclaimedKey);
  const since = keys.length === 0 ? [] : await claimsSince(db, name, keys, asOf);
  return read.wasClaimed || since.some((claim) => !known.has(claim));
}

/** What was read under its own name may have been claimed, and committed from there. */
function unclaimedKey({ origin }: LiveBatch): readonly string[] {
  return origin.kind === 'claimed-list' && origin.claim === origin.key ? [origin.key] : [];
}

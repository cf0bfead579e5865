/** Each source of the drain, for status and doctor: what waits, what came in, what is in the way. */
import type pg from 'pg';
import type { Check } from '../../domain/check.ts';
import type { DrainSource } from '../../domain/drain/source.ts';
import { TierdError } from '../../domain/errors.ts';
import { sqlTable } from '../../domain/sql-name.ts';
import { formatTable } from '../../domain/table.ts';
import { disconnect } from '../../hot/server/connect.ts';
import { canWrite } from '../../hot/write/can-write.ts';
import { listSources, type SourceRecord } from '../../ledger/drain-sources.ts';
import { type LeaseState, readLease } from '../../ledger/lease.ts';
import { migrationStatus } from '../../ledger/migrate.ts';
import type { LiveStore } from '../../live/connect.ts';
import { lookAhead } from '../../live/look-ahead.ts';
import { asTierdError } from '../job-failure.ts';
import { drainLeaseOf } from './lease-name.ts';
import { lookBeforeTaking } from './look-first.ts';
import { planDrain } from './plan-drain.ts';
import type { LookingDrainRooms } from './preview.ts';

export interface SourceStatus {
  readonly source: string;
  readonly dataset: string;
  readonly kind: string;
  readonly enabled: boolean;
  readonly waiting:
    | { readonly keys: number; readonly entries: number }
    | { readonly error: TierdError };
  /** Why it could not start; null where nothing is in the way. */
  readonly error: TierdError | null;
  /** What the ledger says; null before the first batch. */
  readonly record: SourceRecord | null;
  readonly lease: LeaseState | null;
}

/** One that can't be looked at does not hide the others. */
export async function lookAtSources(
  rooms: LookingDrainRooms,
  sources: readonly DrainSource[],
): Promise<readonly SourceStatus[]> {
  const db = await rooms.connect('work');
  let store: LiveStore | TierdError;
  try {
    store = await rooms.connectLive();
  } catch (error) {
    store = asTierdError(error);
  }
  try {
    const hasLedger = (await migrationStatus(db)).pending.length === 0;
    const records = hasLedger ? await listSources(db) : [];
    const statuses: SourceStatus[] = [];
    for (const source of sources) {
      const { name } = source;
      statuses.push({
        source: name,
        dataset: source.dataset.name,
        kind: source.live.kind,
        enabled: source.enabled,
        waiting:
          store instanceof TierdError ? { error: store } : await countWaiting(rooms, store, source),
        error: await whyNotStarted(rooms, db, store, source),
        record: records.find((record) => record.source === name) ?? null,
        lease: hasLedger ? await readLease(db, drainLeaseOf(name)) : null,
      });
    }
    return statuses;
  } finally {
    if (!(store instanceof TierdError)) store.close();
    await disconnect(db);
  }
}

async function whyNotStarted(
  { settings, clock, signal }: LookingDrainRooms,
  db: pg.Client,
  store: LiveStore | TierdError,
  source: DrainSource,
): Promise<TierdError | null> {
  try {
    const plan = await planDrain(db, source, settings);
    if (store instanceof TierdError) return null;
    return (await lookBeforeTaking(store, plan, { clock, signal })).refusal;
  } catch (error) {
    return asTierdError(error);
  }
}

async function countWaiting(
  { clock, signal }: LookingDrainRooms,
  store: LiveStore,
  source: DrainSource,
): Promise<SourceStatus['waiting']> {
  try {
    const { keys, entries } = await lookAhead(store, source.live, { sampleSize: 0, clock, signal });
    return { keys, entries };
  } catch (error) {
    return { error: asTierdError(error) };
  }
}

/** Is everything there that the sources need of PostgreSQL, and are their entries what they say? */
export async function examineSources(
  rooms: LookingDrainRooms,
  sources: readonly DrainSource[],
): Promise<readonly Check[]> {
  const db = await rooms.connect('work');
  // That Redis can't be reached has a check of its own.
  const store = await rooms.connectLive().catch(() => null);
  try {
    const checks: Check[] = [];
    for (const source of sources) {
      checks.push(await examineSource(rooms, db, source));
      if (store !== null) checks.push(...(await examineEntries(rooms, db, store, source)));
    }
    return checks;
  } finally {
    store?.close();
    await disconnect(db);
  }
}

/** Nothing where nothing is doubtful, or where the source has a fault that is told already. */
async function examineEntries(
  { settings, clock, signal }: LookingDrainRooms,
  db: pg.Client,
  store: LiveStore,
  source: DrainSource,
): Promise<readonly Check[]> {
  const name = `source:${source.name}:entries`;
  try {
    const plan = await planDrain(db, source, settings);
    const { refusal, notes } = await lookBeforeTaking(store, plan, { clock, signal });
    if (refusal !== null) return [failed(name, refusal)];
    const advice = `see \`tierd drain --dry-run ${source.name}\``;
    return notes.map((found) => ({ name, status: 'warning', found, advice }));
  } catch {
    return [];
  }
}

async function examineSource(
  rooms: LookingDrainRooms,
  db: pg.Client,
  source: DrainSource,
): Promise<Check> {
  const name = `source:${source.name}:table`;
  try {
    const { target } = await planDrain(db, source, rooms.settings);
    const table = formatTable(target.table);
    const lacking = await canWrite(db, target.table, target.key !== null);
    if (lacking.length > 0) {
      const found = `${table} can't be written: ${lacking.join(', ')} is missing`;
      return {
        name,
        status: 'error',
        found,
        advice: `grant ${lacking.join(', ')} on ${sqlTable(target.table)} to this role`,
      };
    }
    const known =
      target.key === null ? 'by their ids, in the ledger' : `by (${target.key.join(', ')})`;
    return {
      name,
      status: 'ok',
      found: `${source.live.kind} → ${table}, entries that come again are known ${known}`,
    };
  } catch (error) {
    return failed(name, asTierdError(error));
  }
}

function failed(name: string, { message, hint }: TierdError): Check {
  return {
    name,
    status: 'error',
    found: message,
    ...(hint === undefined ? {} : { advice: hint }),
  };
}

/** What a drain would move: for `--dry-run` and status. Changes nothing in either store (I7). */
import type pg from 'pg';
import { nameEntry } from '../../domain/drain/dead-letter.ts';
import { openJudge } from '../../domain/drain/judge-rows.ts';
import { prepareMapping } from '../../domain/drain/map-entry.ts';
import type { Reason } from '../../domain/drain/reason.ts';
import type { DrainSource, SameKey } from '../../domain/drain/source.ts';
import type { TierdError } from '../../domain/errors.ts';
import type { LiveEntry } from '../../domain/live/live-entry.ts';
import { disconnect } from '../../hot/server/connect.ts';
import { lookAhead } from '../../live/look-ahead.ts';
import { lookBeforeTaking } from './look-first.ts';
import { planDrain } from './plan-drain.ts';
import type { DrainRooms } from './rooms.ts';

export type LookingDrainRooms = Pick<
  DrainRooms,
  'connect' | 'connectLive' | 'clock' | 'settings' | 'signal'
>;

export interface DrainPreview {
  readonly source: string;
  readonly dataset: string;
  readonly kind: string;
  readonly keys: number;
  readonly entries: number;
  /** By which columns a row that comes again is known; null for entries that have ids. */
  readonly uniqueKey: readonly string[] | null;
  /** What becomes of entries whose rows have one key; null where no two have. */
  readonly sameKey: SameKey | null;
  /** What would keep it from running; null where nothing is. */
  readonly refusal: TierdError | null;
  /** What is doubtful in the first entries. */
  readonly notes: readonly string[];
  readonly columns: readonly string[];
  /** What the first entries would become. */
  readonly sample: readonly PreviewedEntry[];
}

export type PreviewedEntry = { readonly key: string; readonly id: string | null } & (
  | { readonly row: readonly (string | null)[] }
  | { readonly reason: Reason }
);

/** Of the shape that `$entry` will have: a list has no claim yet to be named by. */
function foretellName(entry: LiveEntry): string {
  const claim = { claim: entry.key, fromIndex: 0, toIndex: 1, last: false };
  return nameEntry(entry, { kind: 'claimed-list', key: entry.key, ...claim });
}

export async function previewSource(
  rooms: LookingDrainRooms,
  source: DrainSource,
  sampleSize: number,
): Promise<DrainPreview> {
  const db = await rooms.connect('work');
  try {
    return await lookAt(rooms, db, source, sampleSize);
  } finally {
    await disconnect(db);
  }
}

async function lookAt(
  rooms: LookingDrainRooms,
  db: pg.Client,
  source: DrainSource,
  sampleSize: number,
): Promise<DrainPreview> {
  const { clock, signal } = rooms;
  const plan = await planDrain(db, source, rooms.settings);
  const store = await rooms.connectLive();
  try {
    const waiting = await lookAhead(store, source.live, { sampleSize, clock, signal });
    const findings = await lookBeforeTaking(store, plan, { clock, signal });
    const columns = plan.rows.columns.map(({ column }) => column);
    const map = prepareMapping(plan.rows);
    const judge = openJudge(source.rules, columns, source.dataset.timeColumn);
    const now = clock.now();
    return {
      source: source.name,
      dataset: source.dataset.name,
      kind: source.live.kind,
      keys: waiting.keys,
      entries: waiting.entries,
      uniqueKey: plan.target.key,
      sameKey: plan.target.sameKey,
      ...findings,
      columns,
      sample: waiting.sample.map((entry) => {
        const { key, id } = entry;
        const mapped = map(entry, { capturedUs: now * 1000, nameOf: foretellName });
        if ('reason' in mapped) return { key, id, reason: mapped.reason };
        const { reject } = judge.judge(mapped, now);
        return reject === null ? { key, id, row: mapped.values } : { key, id, reason: reject };
      }),
    };
  } finally {
    store.close();
  }
}

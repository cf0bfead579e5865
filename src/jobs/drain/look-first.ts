/** What the first entries of a source say of its configuration, before anything of it is taken. */

import { untoldCaptures } from '../../domain/drain/choose-key.ts';
import {
  describeDoubt,
  doubtScores,
  doubtTimes,
  type TimeDoubt,
  UNIT_NAMES,
} from '../../domain/drain/doubt-times.ts';
import { prepareMapping, type RowPlan } from '../../domain/drain/map-entry.ts';
import type { TimeType } from '../../domain/drain/parse-time.ts';
import type { DrainSource } from '../../domain/drain/source.ts';
import { TierdError } from '../../domain/errors.ts';
import type { ForeignKeys, LiveBatch, LiveEntry } from '../../domain/live/live-entry.ts';
import type { Clock } from '../../domain/time/clock.ts';
import type { LiveStore } from '../../live/connect.ts';
import { type FirstLook, lookFirst } from '../../live/look-ahead.ts';
import type { DrainPlan } from './plan-drain.ts';

export interface FirstFindings {
  /** Why nothing may be taken. */
  readonly refusal: TierdError | null;
  /** What is to be told all the same. */
  readonly notes: readonly string[];
  /** There was nothing yet to judge by. */
  readonly isEmpty: boolean;
}

type Judged = Pick<DrainPlan, 'source' | 'rows' | 'target'>;

/** Looks at a few entries; changes nothing. Throws what Redis answers. */
export async function lookBeforeTaking(
  store: LiveStore,
  plan: Judged,
  look: { readonly clock: Clock; readonly signal: AbortSignal },
): Promise<FirstFindings> {
  const found = await lookFirst(store, plan.source.live, look);
  return judgeFirstLook(plan, found, look.clock.now());
}

/** No more of a batch is judged: entries alike say the same. */
const MOST_OF_A_BATCH = 100;

/** Of a source that was empty when it was looked at: what came first is judged before it becomes rows. */
export function judgeFirstBatch(
  plan: Judged,
  { entries }: Pick<LiveBatch, 'entries'>,
  now: number,
): FirstFindings {
  const sample = entries.slice(0, MOST_OF_A_BATCH);
  const scores = sample.map(({ key, id }) => ({ key, score: id ?? '' }));
  const isScored = plan.source.live.kind === 'zset';
  return judgeFirstLook(plan, { sample, scores: isScored ? scores : [], foreign: null }, now);
}

function judgeFirstLook(
  { source, rows, target }: Judged,
  found: FirstLook,
  now: number,
): FirstFindings {
  const { foreign, sample, scores } = found;
  const isEmpty = sample.length + scores.length === 0;
  if (foreign !== null && isEmpty && source.live.kind === 'snapshot') {
    return { refusal: keysNotReadable(source, foreign), notes: [], isEmpty };
  }
  const doubts = source.anyTime
    ? []
    : [
        ...(source.live.kind === 'zset'
          ? [doubtScores(`time_${source.live.scoreUnit}`, textsOf(scores), now)]
          : []),
        ...doubtColumns(source, rows, sample, now),
      ].filter((doubt) => doubt !== null);
  const sure = doubts.find(({ doubtful, of }) => doubtful === of);
  return {
    refusal: sure === undefined ? null : timesUnlikely(source, sure),
    notes: [
      ...doubts.map(describeDoubt),
      ...(foreign === null ? [] : [describeForeign(foreign)]),
      ...(isEmpty ? [] : tellUntold(source, target.key ?? [])),
    ],
    isEmpty,
  };
}

function tellUntold(source: DrainSource, key: readonly string[]): readonly string[] {
  const untold = untoldCaptures(source, key).map((name) => `{${name}}`);
  if (untold.length === 0) return [];
  return [
    `keys that differ in ${untold.join(' and ')} only come to one row where their ${key.join(', ')} are equal, and only those of one batch are counted as such`,
  ];
}

const textsOf = (scores: FirstLook['scores']) =>
  scores.map(({ key, score }) => ({ key, text: score }));

/** The times of each column, as they are written. */
function doubtColumns(
  { live }: DrainSource,
  rows: RowPlan,
  sample: readonly LiveEntry[],
  now: number,
): readonly (TimeDoubt | null)[] {
  const timed = rows.columns.filter(({ origin, target }) => {
    if (!target.type.startsWith('time_') || origin.from === 'constant') return false;
    if (origin.from !== 'built-in') return true;
    // A sorted set's scores are looked at where they lie, those that are not due yet as well.
    const isJudged = live.kind === 'zset' && target.type === `time_${live.scoreUnit}`;
    return origin.name === '$score' ? !isJudged : origin.name !== '$captured';
  });
  const map = prepareMapping({
    ...rows,
    timeIndex: -1,
    columns: timed.map((column) => ({
      ...column,
      target: { type: 'text', countsIn: null },
      onMissing: { then: 'null' },
    })),
  });
  const written = sample.flatMap((entry) => {
    const mapped = map(entry, { capturedUs: now * 1000, nameOf: () => '' });
    return 'reason' in mapped ? [] : [{ key: entry.key, values: mapped.values }];
  });
  return timed.map(({ column, target }, index) =>
    doubtTimes(
      column,
      target.type as TimeType,
      written.flatMap(({ key, values }) => {
        const text = values[index] ?? '';
        return text === '' ? [] : [{ key, text }];
      }),
      now,
    ),
  );
}

function timesUnlikely({ name, live }: DrainSource, doubt: TimeDoubt): TierdError {
  const { what, likely } = doubt;
  const path = `drain.sources.${name}`;
  return new TierdError({
    code: 'TIMES_UNLIKELY',
    message: `${path} would make wrong times: ${describeDoubt(doubt)}; nothing was taken`,
    hint: `${hintFor(live.kind, what, likely)}; if the times are right, say any_time: true under ${path}`,
    context: { source: name, what, likely },
  });
}

function hintFor(kind: string, what: string, likely: TimeDoubt['likely']): string {
  if (likely === null) {
    return 'a sorted set whose scores are ranks or prices is read, and left there, by kind: snapshot with holds: zset';
  }
  const written =
    what === 'score' && kind === 'zset'
      ? `score_unit: ${likely}`
      : `types: { ${what}: time_${likely} }`;
  return `they look like ${UNIT_NAMES[likely]}: say ${written}`;
}

function keysNotReadable({ name, live, format }: DrainSource, foreign: ForeignKeys): TierdError {
  const path = `drain.sources.${name}`;
  const reads = live.kind === 'snapshot' ? HELD[live.holds] : live.kind;
  return new TierdError({
    code: 'KEYS_NOT_READABLE',
    message: `${path} reads each key as a ${reads} (format ${format}), and ${describeForeign(foreign)}; nothing was read`,
    hint: remedyFor(foreign, path),
    context: { source: name, ...foreign },
  });
}

const HELD = { hash: 'hash', string: 'string', zset: 'sorted set' } as const;

function remedyFor({ type, isJson }: ForeignKeys, path: string): string {
  switch (type) {
    case 'string':
      return `say format: ${isJson ? 'json' : 'text'} under ${path}`;
    case 'hash':
      return `leave out format and holds under ${path}, or say holds: hash`;
    case 'zset':
      return `say holds: zset under ${path}: each member is an entry, with its $score`;
    case 'list':
    case 'stream':
      return `say kind: ${type} under ${path}, which takes the entries away as they become rows`;
    default:
      return `no kind of source reads a ${type}; check the keys of ${path}`;
  }
}

/** `2 of its keys are of another type: "a" is a string that holds JSON`. */
function describeForeign({ keys, key, type, isJson }: ForeignKeys): string {
  const some = keys === 1 ? 'a key is' : `${String(keys)} keys are`;
  return `${some} of another type: "${key}" is a ${type}${isJson ? ' that holds JSON' : ''}`;
}

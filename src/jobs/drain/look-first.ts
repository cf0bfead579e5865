/** What the first entries of a source say of its configuration, before anything of it is taken. */

import { untoldCaptures } from '../../domain/drain/choose-key.ts';
import {
  describeDoubt,
  doubtScores,
  doubtTimes,
  type TimeDoubt,
  tellsUnit,
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
  /** There were no entries. */
  readonly isEmpty: boolean;
  /** Whose times there were to judge by: columns, and `SCORE`. */
  readonly judged: readonly string[];
}

type Planned = Pick<DrainPlan, 'source' | 'rows' | 'target'>;

/** Not a column, for none has an empty name. */
export const SCORE = '';

/** What is to be judged of a source. */
export function timesToJudge({ source, rows }: Planned): ReadonlySet<string> {
  if (source.anyTime) return new Set();
  const columns = timedColumns(source, rows).map(({ column }) => column);
  return new Set(source.live.kind === 'zset' ? [SCORE, ...columns] : columns);
}

/** Looks at a few entries; changes nothing. Throws what Redis answers. */
export async function lookBeforeTaking(
  store: LiveStore,
  plan: Planned,
  look: { readonly clock: Clock; readonly signal: AbortSignal },
  open: ReadonlySet<string> = timesToJudge(plan),
): Promise<FirstFindings> {
  const found = await lookFirst(store, plan.source.live, look);
  return judgeFirstLook(plan, found, look.clock.now(), open);
}

/** No more of a batch is judged, given that it tells something: entries alike say the same. */
const ENOUGH = 100;

/** Of what there was nothing to judge by before: what comes first is judged before it becomes rows. */
export function judgeFirstBatch(
  plan: Planned,
  { entries }: Pick<LiveBatch, 'entries'>,
  now: number,
  open: ReadonlySet<string>,
): FirstFindings {
  const { kind } = plan.source.live;
  const sample = sampleOf(plan, entries, now, open);
  const scores = sample.map(({ key, id }) => ({ key, score: id ?? '' }));
  const found = { sample, scores: kind === 'zset' ? scores : [], foreign: null };
  return judgeFirstLook(plan, found, now, open, kind === 'claim' || kind === 'list');
}

/** Entries that hold no time become dead letters: what lies behind them may become rows. */
function sampleOf(
  { source, rows }: Planned,
  entries: readonly LiveEntry[],
  now: number,
  open: ReadonlySet<string>,
): readonly LiveEntry[] {
  const needed = timedColumns(source, rows).filter(
    ({ column, onMissing }) =>
      open.has(column) && (onMissing.then === 'reject' || column === source.dataset.timeColumn),
  );
  for (let size = ENOUGH; ; size *= 4) {
    const sample = entries.slice(0, size);
    if (size >= entries.length) return sample;
    const judged = judgeColumns(source, rows, sample, now).map(({ what }) => what);
    if (needed.every(({ column }) => judged.includes(column))) return sample;
  }
}

function judgeFirstLook(
  { source, rows, target }: Planned,
  found: FirstLook,
  now: number,
  open: ReadonlySet<string>,
  areSetAside = false,
): FirstFindings {
  const { foreign, sample, scores } = found;
  const isEmpty = sample.length + scores.length === 0;
  if (foreign !== null && isEmpty && source.live.kind === 'snapshot') {
    return { refusal: keysNotReadable(source, foreign), notes: [], isEmpty, judged: [] };
  }
  const verdicts = [
    ...judgeScores(source, scores, now),
    ...judgeColumns(source, rows, sample, now),
  ].filter(({ what }) => open.has(what));
  const doubts = verdicts.flatMap(({ doubt }) => doubt ?? []);
  const sure = doubts.find(({ doubtful, of }) => doubtful === of);
  return {
    refusal: sure === undefined ? null : timesUnlikely(source, sure, areSetAside),
    notes: [
      ...doubts.map(describeDoubt),
      ...(foreign === null ? [] : [describeForeign(foreign)]),
      ...(isEmpty ? [] : tellUntold(source, target.key ?? [])),
    ],
    isEmpty,
    judged: verdicts.map(({ what }) => what),
  };
}

function tellUntold(source: DrainSource, key: readonly string[]): readonly string[] {
  const untold = untoldCaptures(source, key).map((name) => `{${name}}`);
  if (untold.length === 0) return [];
  return [
    `keys that differ in ${untold.join(' and ')} only come to one row where their ${key.join(', ')} are equal, and only those of one batch are counted as such`,
  ];
}

/** Of what there was something to judge by. */
interface Verdict {
  readonly what: string;
  readonly doubt: TimeDoubt | null;
}

function judgeScores(
  { live }: DrainSource,
  scores: FirstLook['scores'],
  now: number,
): readonly Verdict[] {
  if (live.kind !== 'zset' || scores.length === 0) return [];
  const texts = scores.map(({ key, score }) => ({ key, text: score }));
  return [{ what: SCORE, doubt: doubtScores(`time_${live.scoreUnit}`, texts, now) }];
}

/** Columns of times that the entries hold. */
function timedColumns({ live }: DrainSource, { columns }: RowPlan): RowPlan['columns'] {
  return columns.filter(({ origin, target }) => {
    if (!target.type.startsWith('time_') || origin.from === 'constant') return false;
    if (origin.from !== 'built-in') return true;
    // A sorted set's scores are looked at where they lie, those that are not due yet as well.
    const isJudged = live.kind === 'zset' && target.type === `time_${live.scoreUnit}`;
    return origin.name === '$score' ? !isJudged : origin.name !== '$captured';
  });
}

/** The times of each column, as they are written. */
function judgeColumns(
  source: DrainSource,
  rows: RowPlan,
  sample: readonly LiveEntry[],
  now: number,
): readonly Verdict[] {
  const timed = timedColumns(source, rows);
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
  return timed.flatMap(({ column, target }, index) => {
    const type = target.type as TimeType;
    const times = written
      .map(({ key, values }) => ({ key, text: values[index] ?? '' }))
      .filter(({ text }) => tellsUnit(text, type, now));
    return times.length === 0
      ? []
      : [{ what: column, doubt: doubtTimes(column, type, times, now) }];
  });
}

/** @param areSetAside whether the application does not find them any more where it put them */
function timesUnlikely(
  { name, live }: DrainSource,
  doubt: TimeDoubt,
  areSetAside: boolean,
): TierdError {
  const { what, likely } = doubt;
  const path = `drain.sources.${name}`;
  const fate = areSetAside
    ? `none of them became a row: the next run finds them where they were set aside, under tierd:claim:${name}:…`
    : 'none of them was taken';
  return new TierdError({
    code: 'TIMES_UNLIKELY',
    message: `${path} would make wrong times: ${describeDoubt(doubt)}; ${fate}`,
    hint: `${hintFor(live.kind, what, likely)}; if the times are right, say any_time: true under ${path}`,
    context: { source: name, what, likely },
  });
}

function hintFor(kind: string, what: string, likely: TimeDoubt['likely']): string {
  if (likely === null) {
    return 'a sorted set whose scores are ranks or prices is read, and left there, by kind: snapshot with holds: zset';
  }
  const isScore = what === 'score' && kind === 'zset';
  if (isScore && likely === 'ns') {
    return 'they look like nanoseconds, which a score can hold only rounded: let the writer give microseconds, and say score_unit: us';
  }
  const written = isScore ? `score_unit: ${likely}` : `types: { ${what}: time_${likely} }`;
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

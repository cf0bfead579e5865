/** What went wrong with a query, and what to do about it. */
import { countOf } from '../domain/count.ts';
import { TierdError } from '../domain/errors.ts';
import { suggest } from '../domain/suggest.ts';
import type { ObjectStore } from '../lake/object-store.ts';
import type { ColdCatalog, SegmentRef } from './segments/cold-catalog.ts';
import { type SegmentDamage, segmentUnreadable } from './segments/segment-damage.ts';

/** parse the query, open the segments, bind the query to them, run it. */
export type QueryStage = 'parse' | 'open' | 'bind' | 'run';

export interface FailureContext {
  readonly stage: QueryStage;
  readonly catalog: Pick<ColdCatalog, 'datasets' | 'emptyDatasets'>;
  /** What the query was to read. */
  readonly segments: readonly SegmentRef[];
  /** Null where none of them was opened yet. */
  readonly store: Pick<ObjectStore, 'locate' | 'stat'> | null;
  /** Where the engine reads them; null where they were not opened. */
  readonly locate: ((key: string) => string) | null;
  readonly judge: JudgeSegments | null;
  readonly signal: AbortSignal | undefined;
}

/** @returns those that are not what the ledger says */
export type JudgeSegments = (segments: readonly SegmentRef[]) => Promise<readonly SegmentDamage[]>;

/** The error to end with: TierdErrors as they are, DuckDB's with what to do. */
export async function describeFailure(error: unknown, context: FailureContext): Promise<unknown> {
  if (context.signal?.aborted === true) {
    return new TierdError({
      code: 'INTERRUPTED',
      message: 'The query was interrupted. Nothing was changed.',
      cause: error,
    });
  }
  if (error instanceof TierdError || !isEngineError(error)) return error;
  if (error.message.includes(NOT_INLINED)) return notFetched(error);
  const damage = await findDamage(error, context);
  if (damage !== null) return segmentUnreadable(damage, firstLine(error), error);
  switch (context.stage) {
    case 'parse':
    case 'bind':
      return queryInvalid(error, context.catalog);
    case 'open':
      return segmentsUnlikeLedger(error, context.segments);
    case 'run':
      return queryFailed(error);
  }
}

/** DuckDB's errors carry no code; all begin with their kind: `Binder Error: …`. */
const ENGINE_ERROR = /^([A-Za-z ]+) (?:Error|Exception): /;

function isEngineError(error: unknown): error is Error {
  return error instanceof Error && ENGINE_ERROR.test(error.message);
}

/** More would not help to see what has happened. */
const MAX_NAMED = 3;

/** Looks at the segments rather than guess from the message; null when all seem to be there. */
async function findDamage(
  { message }: Error,
  { store, segments, locate, judge }: FailureContext,
): Promise<SegmentDamage[] | null> {
  if (store === null) return null;
  const damage: SegmentDamage[] = [];
  for (const { key, bytes } of segments) {
    if (damage.length === MAX_NAMED) break;
    const found = await store.stat(key);
    if (found === null) damage.push({ key, what: 'missing' });
    else if (BigInt(found.bytes) !== bytes) {
      damage.push({ key, what: `${String(found.bytes)} bytes long instead of ${String(bytes)}` });
    } else if (locate !== null && message.includes(locate(key))) {
      damage.push({ key, what: 'unreadable' });
    }
  }
  if (damage.length === 0 && judge !== null && NAMES_NO_FILE.test(message)) {
    damage.push(...(await judge(segments)));
  }
  return damage.length === 0 ? null : damage;
}

/** Of a footer or a page that makes no sense the engine tells without a name; queries fail so of nothing else. */
const NAMES_NO_FILE = /^(Invalid|IO|INTERNAL|Serialization|Not implemented) (Error|Exception): /;

/** The views are tierd's own: where they fail, the files are not as the ledger has them. */
function segmentsUnlikeLedger(error: Error, segments: readonly SegmentRef[]): TierdError {
  return new TierdError({
    code: 'SEGMENT_UNREADABLE',
    message: `Of ${countOf(segments.length, 'segment')} at least one is not what the ledger says. The engine says: ${firstLine(error)}`,
    hint: 'Run `tierd scrub`: it tells every segment that is missing or altered.',
    cause: error,
  });
}

function queryInvalid(error: Error, catalog: FailureContext['catalog']): TierdError {
  return new TierdError({
    code: 'QUERY_INVALID',
    message: `The query can't be run: ${engineWords(error)}`,
    hint: [...meantDataset(error, catalog), knownDatasets(catalog), ...whereCastsHelp(error)].join(
      ' ',
    ),
    cause: error,
  });
}

/** Of a table that is not there the engine's own guess may be one of its own tables. */
const UNKNOWN_TABLE = /^Catalog Error: Table with name "?([^"\s]+)"? does not exist/;
const GUESS = /\nDid you mean [^\n]*/;

/** Without what is wrong or unreadable in tierd. */
function engineWords({ message }: Error): string {
  const words = message.replaceAll('\t', '  ');
  return UNKNOWN_TABLE.test(words) ? words.replace(GUESS, '') : words;
}

function meantDataset(
  { message }: Error,
  { datasets, emptyDatasets }: FailureContext['catalog'],
): readonly string[] {
  const asked = UNKNOWN_TABLE.exec(message)?.[1];
  if (asked === undefined) return [];
  const names = [...datasets.map(({ name }) => name), ...emptyDatasets];
  const bare = asked.slice(asked.lastIndexOf('.') + 1);
  if (names.includes(bare)) return [`A dataset is asked by its name alone: ${bare}.`];
  const near = suggest(bare, names);
  return near === undefined ? [] : [`Did you mean ${near}?`];
}

function whereCastsHelp({ message }: Error): readonly string[] {
  return /explicit (type )?cast/.test(message)
    ? ['A text is compared with a number or a time only after a cast (`column::decimal(38,10)`).']
    : [];
}

function knownDatasets({ datasets, emptyDatasets }: FailureContext['catalog']): string {
  const names = datasets.map(({ name }) => name);
  const empty =
    emptyDatasets.length === 0 ? '' : ` Nothing is in the lake of: ${emptyDatasets.join(', ')}.`;
  const [first] = names;
  if (first === undefined) return `The lake has no segments.${empty}`;
  return `Datasets in the lake: ${names.join(', ')}; \`describe ${first}\` shows the columns of one.${empty}`;
}

function queryFailed(error: Error): TierdError {
  if (ENGINE_ERROR.exec(error.message)?.[1] === 'Out of Memory') return tooLarge(error);
  return new TierdError({
    code: 'QUERY_FAILED',
    message: `The query failed: ${engineWords(error)}`,
    hint: 'If a value could not be cast, try_cast gives NULL in its place.',
    cause: error,
  });
}

/** What DuckDB says of a chunk that is marked as lying in another file: `compactFooter` marks what was not fetched. */
const NOT_INLINED = 'Only inlined data files are supported';

/** Loud where a column is needed after all: an answer must not be made without it. */
function notFetched(error: Error): TierdError {
  return new TierdError({
    code: 'QUERY_FAILED',
    message:
      'The query needs a column of the lake that it does not name, and that was not fetched. No answer was made without it.',
    hint: 'Write the names of the columns in the query, or `*`. That it came to this is a defect of tierd: please report it with the query.',
    cause: error,
  });
}

/** By its own limit, or by that of the process, which it tells in the same words. */
function tooLarge(error: Error): TierdError {
  return new TierdError({
    code: 'QUERY_TOO_LARGE',
    // What follows a blank line advises settings of the engine's own, which a query can't change.
    message: `The query needs more memory than it may have: ${firstParagraph(error)}`,
    hint: 'Ask for less at once: a shorter time, fewer columns, no list or text that is made of all rows; or raise maintenance.memory_limit for the engine and query.max_memory for its whole process, or free space in maintenance.temp_dir for what does not fit.',
    cause: error,
  });
}

function firstParagraph(error: Error): string {
  return error.message.split('\n\n', 1)[0] ?? '';
}

function firstLine(error: Error): string {
  return error.message.split('\n', 1)[0] ?? '';
}

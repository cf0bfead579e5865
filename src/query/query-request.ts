/** What a query is asked, what it is given to work with, and what is told of its answer. */
import { TierdError } from '../domain/errors.ts';
import type { SnapshotVersion } from '../domain/lake/snapshot-version.ts';
import type { Clock } from '../domain/time/clock.ts';
import type { ObjectStore } from '../lake/object-store.ts';
import type { EstimateParts, Fetched, OpenParts, OpenSegments } from '../lake/segment-files.ts';
import type { Page } from './answer/hidden-columns.ts';
import type { PostgresReply } from './answer/postgres/postgres-reply.ts';
import type { QueryFormat } from './answer/query-format.ts';
import type { AnswerSink } from './answer/write-rows.ts';
import type { AnswerRecord } from './cache/answer-record.ts';
import type { Repeatable } from './cache/standing.ts';
import type { Engine, EngineLimits } from './engine.ts';
import type { LiveCount, LiveSide } from './live/live-side.ts';
import type { DatasetPlan } from './query-plan.ts';
import type { SegmentDamage } from './segments/segment-damage.ts';
import type { ParameterValue } from './sql/parameters.ts';
import type { InSnapshot } from './stores.ts';

export interface QueryRequest {
  /**
   * One SELECT in DuckDB's SQL. Every dataset is a table of its name; `hot.<name>` and
   * `cold.<name>` are its sides.
   */
  readonly sql: string;
  /** Of `$1`, `$2`, … */
  readonly parameters: readonly ParameterValue[];
  /** Says what would be read, in the summary, and reads nothing. */
  readonly explain: boolean;
  /** A reply is in the messages of PostgreSQL's protocol. */
  readonly format: QueryFormat | PostgresReply;
  readonly output: FileOutput | { readonly sink: AnswerSink };
  /** For `table` into a terminal: how wide it is. Null cuts nothing. */
  readonly terminalWidth: number | null;
  /** A damaged segment ends the query, unless who asks wants what there is without it. */
  readonly onBadSegment?: OnBadSegment;
  /** Where the answer is a page of a longer one. */
  readonly page?: Page | null;
}

export const ON_BAD_SEGMENT = ['fail', 'skip'] as const;

export type OnBadSegment = (typeof ON_BAD_SEGMENT)[number];

/** `file` is replaced when the query has succeeded; until then the rows are in `part`, beside it. */
export interface FileOutput {
  readonly file: string;
  readonly part: string;
}

export interface QueryRooms {
  readonly inSnapshot: InSnapshot;
  /** Asked for the lake when a segment has to be read: without one, hot rows can be had while it is away. */
  readonly openLake: () => Promise<QueryLake>;
  /** One that nobody has used; it is closed with the query. */
  readonly openEngine: (limits: EngineLimits) => Promise<Engine>;
  readonly limits: EngineLimits;
  readonly clock: Clock;
  readonly signal?: AbortSignal;
  readonly onHead?: (head: QueryHead) => void;
  /** Told of segments that are not what the ledger says, and of those whose bytes were all found right. */
  readonly onDamage?: (found: FoundDamage) => Promise<void>;
  /** For a plan: what opening segments would ask of the store. Where they are files of this machine, none. */
  readonly estimateParts?: EstimateParts | null;
  /** That of `inSnapshot`. */
  readonly record?: AnswerRecord;
  /** Where Redis may be read. */
  readonly live?: LiveSide;
}

export interface FoundDamage {
  readonly damaged: readonly SegmentDamage[];
  readonly sound: readonly string[];
}

export interface QueryLake {
  readonly store: Pick<ObjectStore, 'locate' | 'stat'>;
  readonly openSegments: OpenSegments;
  /** Where a part of a segment is had for less than all of it. */
  readonly openParts?: OpenParts | null;
}

/** What is known before the first row. */
export interface QueryHead {
  /** Which state of the lake the answer is of. */
  readonly version: SnapshotVersion;
  /** Segments that the query had to look into, and live segments of the datasets that it names. */
  readonly segmentsRead: number;
  readonly segmentsLive: number;
  /** Damaged, and left out because who asked chose that: where there are any, the answer is not whole. */
  readonly segmentsSkipped: readonly string[];
  /** Of the segments that it had to look into. */
  readonly coldRows: number;
  /** Copied from PostgreSQL: those that the conditions could not rule out. */
  readonly hotRows: number;
  /** What came from the store for it, beside what was kept here; null where segments are files of this machine. */
  readonly fetched: Fetched | null;
  /** That wait in Redis, read beside the snapshot; null where it was not read. They are among the hot rows too where they are a dataset's. */
  readonly liveRows: number | null;
}

export interface QuerySummary extends QueryHead {
  readonly rows: number;
  /** Where the next page begins; null where there is none. */
  readonly nextCursor: string | null;
  /** What a kept answer would have to be compared with; null where it may not be kept. */
  readonly repeatable: Repeatable | null;
  readonly elapsedMs: number;
  /** What the rows alone would not tell, in words. */
  readonly notes: readonly string[];
  /** Null unless asked for. */
  readonly plan: readonly DatasetPlan[] | null;
  /** What waits in Redis, with the plan. */
  readonly waiting: readonly LiveCount[];
}

/** Without --output there is no file to replace, and a terminal is no place for bytes. */
export function assertFormatFits(request: QueryRequest): void {
  if (request.format !== 'parquet' || 'file' in request.output) return;
  throw new TierdError({
    code: 'USAGE',
    message: 'Parquet is written to a file, and none was named. Nothing was run.',
    hint: 'Add --output FILE, or choose --format csv or ndjson.',
  });
}

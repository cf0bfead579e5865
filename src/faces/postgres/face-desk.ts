/** What the sessions of this face ask, and what they are told of. */
import type { PostgresReply } from '../../query/answer/postgres/postgres-reply.ts';
import type { HeldSnapshot } from '../../query/held-snapshot.ts';

export interface FaceQuestion {
  /** PostgreSQL's. */
  readonly sql: string;
  /** Characters before it in what the client sent, for the place of an error. */
  readonly before: number;
  /** Of `$1`, `$2`, …, by number; 0 where its place decides. */
  readonly parameterTypes: readonly number[];
  /**
   * In PostgreSQL's text form. Null: they are not known, and what is answered is ParameterDescription and
   * RowDescription alone.
   */
  readonly values: readonly (string | null)[] | null;
  readonly reply: PostgresReply;
  /** Only what would be read is told, as lines of EXPLAIN. */
  readonly explain?: ExplainOptions;
  /** By its name, where a transaction holds one; null: it has one of its own. */
  readonly snapshot: string | null;
  /** In its place, one of a statement that asks through a foreign table; it holds it until it is answered. */
  readonly instant: string | null;
  /** In place of both: the session that reads a hypertable in place, by its id, where it said one; null for other questions. */
  readonly reader: { readonly session: string | null } | null;
}

export interface ExplainOptions {
  readonly withCosts: boolean;
}

export interface FaceHandler {
  /** Takes messages in the form of the protocol, cut anywhere; resolves when there may be more. */
  readonly write: (part: Buffer) => Promise<void>;
  readonly signal: AbortSignal;
}

export interface HotFacts {
  /** `17.5 (Debian …)`, as `SHOW server_version` has it. */
  readonly serverVersion: string;
  /** `170005` */
  readonly serverVersionNum: string;
}

/** How many questions run at once, of all faces together. */
export interface Turns {
  /**
   * Null: it is the turn of this session, which has to `leave`. It waits for it as long as it may ask. `full`: all turns are those of
   * cursors of sessions that wait for another one. `closed`: the daemon stops.
   */
  enterAsSession(signal: AbortSignal, session: object): Promise<'full' | 'closed' | null>;
  leave(outcome: 'answered' | 'failed', session: object): void;
}

/**
 * Sends messages of a client's to the hot store, and gives those of its answer, whole.
 *
 * @param readies how many of them are answered with ReadyForQuery, which is not given
 */
export type AskHot = (
  request: Buffer,
  readies: number,
  take: (message: Buffer) => void,
  signal: AbortSignal,
) => Promise<void>;

export interface FaceDesk {
  readonly turns: Turns;
  readonly timeoutMs: number;
  readonly maxResultBytes: number;
  /** Aborted when the daemon stops and has waited long enough. */
  readonly stopped: AbortSignal;
  /** Whether a table of this name is a dataset, or a side of one. */
  readonly isDataset: (schema: string | null, name: string) => boolean;
  /** For a transaction that sees one instant. @throws TierdError */
  readonly holdSnapshot: () => Promise<HeldSnapshot>;
  /** @throws TierdError where the hot store is away */
  readonly askHot: AskHot;
  /** Runs one question to its end. @throws TierdError */
  readonly ask: (
    question: FaceQuestion,
    handler: FaceHandler,
  ) => Promise<{ readonly rows: number }>;
  /** @throws TierdError where the hot store is away: then nothing could be answered */
  readonly readHotFacts: () => Promise<HotFacts>;
}

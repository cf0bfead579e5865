/** What a client may send, by what the face has to do about it. */
import type { SelectStmt } from 'libpg-query';

/** A question: about rows, about the catalogue of the hot PostgreSQL, or about nothing that lies anywhere. */
export interface Question {
  readonly asks: 'rows' | 'catalogue' | 'values';
  /** Whether a dataset is among what it reads; without one nothing in it depends on tierd. */
  readonly readsDatasets: boolean;
  readonly tree: SelectStmt;
  /** As the client wrote it. */
  readonly text: string;
}

/** Texts of options are as written, a bare option is 'true'. */
export type Options = ReadonlyMap<string, string | readonly string[]>;

export type StatementKind =
  | { readonly kind: 'select'; readonly question: Question }
  | {
      readonly kind: 'begin' | 'set transaction' | 'set session characteristics';
      readonly isolation: string | null;
      readonly readOnly: boolean | null;
    }
  | { readonly kind: 'set transaction snapshot'; readonly snapshot: string }
  | { readonly kind: 'commit' | 'rollback'; readonly andChain: boolean }
  | { readonly kind: 'savepoint' | 'release' | 'rollback to'; readonly name: string }
  /** Null for the default. The name is lower case. */
  | {
      readonly kind: 'set';
      readonly name: string;
      readonly value: string | null;
      readonly isLocal: boolean;
    }
  | { readonly kind: 'show'; readonly name: string }
  /** Null for all. */
  | { readonly kind: 'reset'; readonly name: string | null }
  | { readonly kind: 'discard'; readonly what: 'all' | 'plans' | 'sequences' | 'temp' }
  | { readonly kind: 'deallocate' | 'close'; readonly name: string | null }
  | { readonly kind: 'unlisten' }
  | {
      readonly kind: 'declare';
      readonly name: string;
      readonly question: Question;
      readonly isBinary: boolean;
      readonly canScroll: boolean;
      readonly withHold: boolean;
    }
  | {
      readonly kind: 'fetch';
      readonly name: string;
      readonly direction: 'forward' | 'backward' | 'absolute' | 'relative';
      /** Infinity for all. */
      readonly count: number;
      /** MOVE, which tells how many rows and sends none. */
      readonly isMove: boolean;
    }
  | { readonly kind: 'copy'; readonly question: Question; readonly options: Options }
  | { readonly kind: 'explain'; readonly question: Question; readonly options: Options };

/** How an answer is written in the messages of PostgreSQL's protocol. */

import type { DescribedColumn } from './find-types.ts';

/** Of a value: PostgreSQL's text, or its binary form. */
export const TEXT_FORMAT = 0;
export const BINARY_FORMAT = 1;

/** How the lines of a file are written. */
export type CopyFormat =
  | { readonly format: 'binary' }
  | {
      readonly format: 'text' | 'csv';
      readonly delimiter: string;
      /** What stands for a null. */
      readonly null: string;
      readonly hasHeader: boolean;
      readonly quote: string;
      readonly escape: string;
      /** Names of columns whose values are quoted whatever they are. */
      readonly quoted: readonly string[] | 'all';
    };

export interface PostgresReply {
  /** Of the columns: one for each, one for all of them, or none for text. */
  readonly formats: readonly number[];
  /** Of the session: times with a zone are written in it. */
  readonly timeZone: string;
  /** What is known of the columns beside the engine's types; null where nothing is. */
  readonly columns: readonly DescribedColumn[] | null;
  /** In place of rows the lines of a file; null where rows are wanted. */
  readonly copy: CopyFormat | null;
}

/** A statement with its values, ready to be run: what both protocols run, and cursors read. */

/** While it is run: where its messages go, and what ends it. */
export interface Run {
  /** Resolves when more may be sent. */
  readonly send: (...messages: readonly Buffer[]) => Promise<void>;
  /** Aborted by a cancellation and with the client; its reason is what the client is told. */
  readonly signal: AbortSignal;
}

export type Executed =
  | { readonly kind: 'done'; readonly tag: string }
  /** As many rows were given as were asked for; there may be more. */
  | { readonly kind: 'suspended' };

/** One whose rows can be read by others than Execute. */
export interface RowsPortal extends Portal {
  describe(run: Run): Promise<Buffer>;
  /** @param most 0: all that are left @returns how many there were, and whether they may have been the last */
  read(most: number, run: Run): Promise<{ readonly rows: number; readonly isEnd: boolean }>;
}

export interface Portal {
  /** RowDescription; null where no rows are given. @throws what the statement fails with */
  describe(run: Run): Promise<Buffer | null>;
  /** @param most rows; 0: all of them */
  execute(most: number, run: Run): Promise<Executed>;
  /** Nothing of it runs any more when this resolves. Never rejects. */
  close(): Promise<void>;
}

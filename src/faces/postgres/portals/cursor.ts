/** A cursor: the rows of a query, fetched some at a time by statements of their own. */
import { FaceError } from '../face-error.ts';
import type { Executed, Portal, RowsPortal, Run } from './portal.ts';

export interface CursorQuery {
  readonly open: (formats: readonly number[]) => RowsPortal;
  /** Its columns, before any of it is run. */
  readonly describe: (run: Run) => Promise<Buffer>;
  /** Chosen with DECLARE, where it is. */
  readonly formats: readonly number[] | null;
  /** It outlives the transaction. */
  readonly isHeld: boolean;
}

export class Cursor {
  readonly #query: CursorQuery;
  #portal: RowsPortal | null = null;
  #formats: readonly number[] = [];

  constructor(query: CursorQuery) {
    this.#query = query;
  }

  get isHeld(): boolean {
    return this.#query.isHeld;
  }

  /** Of the rows as they will come, or have come. */
  describe(run: Run): Promise<Buffer> {
    return this.#portal?.describe(run) ?? this.#query.describe(run);
  }

  /**
   * @param formats of the first FETCH are those of all; null: whichever they are, for none of its rows is given
   * @throws FaceError 0A000 for others
   */
  async opened(formats: readonly number[] | null): Promise<RowsPortal> {
    const wanted = this.#query.formats ?? formats;
    if (this.#portal === null) {
      this.#formats = wanted ?? [];
      this.#portal = this.#query.open(this.#formats);
    } else if (wanted !== null && String(this.#formats) !== String(wanted)) {
      throw new FaceError({
        sqlstate: '0A000',
        message: 'a cursor gives all its rows in the format of the first ones',
      });
    }
    return Promise.resolve(this.#portal);
  }

  async close(): Promise<void> {
    await this.#portal?.close();
  }
}

export interface Fetch {
  readonly cursor: Cursor;
  /** Infinity: all that are left. */
  readonly count: number;
  readonly isMove: boolean;
}

export class FetchPortal implements Portal {
  readonly #fetch: Fetch;
  readonly #formats: readonly number[] | null;

  /** @param formats in which its rows are asked for; null where that is not yet known */
  constructor(fetch: Fetch, formats: readonly number[] | null) {
    this.#fetch = fetch;
    this.#formats = formats;
  }

  async describe(run: Run): Promise<Buffer | null> {
    const { cursor, isMove } = this.#fetch;
    if (isMove) return null;
    if (this.#formats === null) return cursor.describe(run);
    return (await cursor.opened(this.#formats)).describe(run);
  }

  async execute(_most: number, run: Run): Promise<Executed> {
    const { cursor, count, isMove } = this.#fetch;
    const portal = await cursor.opened(isMove ? null : this.#formats);
    const reader = isMove ? { ...run, send: () => Promise.resolve() } : run;
    const most = count === Infinity ? 0 : count;
    const rows = count === 0 ? 0 : (await portal.read(most, reader)).rows;
    return { kind: 'done', tag: `${isMove ? 'MOVE' : 'FETCH'} ${String(rows)}` };
  }

  /** The cursor stays. */
  close(): Promise<void> {
    return Promise.resolve();
  }
}

/** A DELETE or UPDATE of a hypertable that is read in place: done where it reaches no cold row, refused where it reaches one. */
import { FaceError } from '../face-error.ts';
import type { WriteInPlace } from '../translate/write-in-place.ts';
import type { Executed, Portal, RowsPortal, Run } from './portal.ts';

export class UntouchedPortal implements RowsPortal {
  readonly #rows: RowsPortal;
  readonly #write: WriteInPlace;

  /** @param rows of its question */
  constructor(rows: RowsPortal, write: WriteInPlace) {
    this.#rows = rows;
    this.#write = write;
  }

  describe(run: Run): Promise<Buffer> {
    return this.#rows.describe(run);
  }

  /** @throws FaceError 0A000 where there is one */
  async read(_most: number, run: Run): Promise<{ readonly rows: number; readonly isEnd: boolean }> {
    const { rows } = await this.#rows.read(1, { ...run, send: () => Promise.resolve() });
    if (rows === 0) return { rows: 0, isEnd: true };
    throw new FaceError({
      sqlstate: '0A000',
      message:
        'the statement would change rows that are in the lake, where PostgreSQL can change none; nothing was changed',
      hint: 'Use `tierd delete` or `tierd correct` for these. Where hot rows alone are meant, write so: with a time after which no row is cold, or on the chunks.',
    });
  }

  async execute(_most: number, run: Run): Promise<Executed> {
    await this.read(1, run);
    return { kind: 'done', tag: `${this.#write.tag} 0` };
  }

  close(): Promise<void> {
    return this.#rows.close();
  }
}

/** The same where no rows are told. */
export class SilentPortal implements Portal {
  readonly #portal: Portal;

  constructor(portal: Portal) {
    this.#portal = portal;
  }

  describe(): Promise<null> {
    return Promise.resolve(null);
  }

  execute(most: number, run: Run): Promise<Executed> {
    return this.#portal.execute(most, run);
  }

  close(): Promise<void> {
    return this.#portal.close();
  }
}

/** The cursors of a session, by their names. */
import { FaceError } from './face-error.ts';
import type { Cursor } from './portals/cursor.ts';

export class Cursors {
  readonly #cursors = new Map<string, Cursor>();

  /** @throws FaceError 42P03 */
  add(name: string, cursor: Cursor): void {
    if (this.#cursors.has(name)) {
      throw new FaceError({ sqlstate: '42P03', message: `cursor "${name}" already exists` });
    }
    this.#cursors.set(name, cursor);
  }

  get isEmpty(): boolean {
    return this.#cursors.size === 0;
  }

  find(name: string): Cursor | undefined {
    return this.#cursors.get(name);
  }

  /** @throws FaceError 34000 */
  get(name: string): Cursor {
    const cursor = this.#cursors.get(name);
    if (cursor !== undefined) return cursor;
    throw new FaceError({ sqlstate: '34000', message: `cursor "${name}" does not exist` });
  }

  /** @param name null: all of them @throws FaceError 34000 */
  async close(name: string | null): Promise<void> {
    if (name === null) {
      await this.#closeAll(() => true);
      return;
    }
    const cursor = this.get(name);
    this.#cursors.delete(name);
    await cursor.close();
  }

  /** With its transaction. @param keepsHeld where that was committed */
  end(keepsHeld: boolean): Promise<void> {
    return this.#closeAll((cursor) => !keepsHeld || !cursor.isHeld);
  }

  async #closeAll(isMeant: (cursor: Cursor) => boolean): Promise<void> {
    const meant = [...this.#cursors].filter(([, cursor]) => isMeant(cursor));
    for (const [name] of meant) this.#cursors.delete(name);
    await Promise.all(meant.map(([, cursor]) => cursor.close()));
  }
}

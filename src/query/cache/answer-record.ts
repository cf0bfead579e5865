/** What an answer came from, noted while it is made: enough to tell later whether it is still true. */
import type { HotTable } from '../stores.ts';
import type { Repeatable, Standing } from './standing.ts';

const KNOWN: ReadonlySet<string | symbol> = new Set([
  'table',
  'columns',
  'timeColumn',
  'identify',
  'read',
  'readFew',
  'explain',
  'aggregate',
  'explainAggregate',
  'texts',
  'isTimed',
]);

export class AnswerRecord {
  readonly #asked: string[] = [];
  #isEmpty = true;
  #before: Standing | null = null;
  #stood: Pick<Repeatable, 'standing' | 'datasets'> | null = null;

  /** Null before the snapshot was taken, and where the question was made of what it no longer showed. */
  get repeatable(): Repeatable | null {
    const isOutdated = this.#before !== null && this.#before.lake !== this.#stood?.standing.lake;
    return this.#stood === null || isOutdated
      ? null
      : { ...this.#stood, emptyReads: this.#isEmpty ? this.#asked : null };
  }

  /** How it stood when the question was made of names: the answer has a later snapshot of its own. */
  standBefore(standing: Standing): void {
    this.#before = standing;
  }

  stand(standing: Standing, datasets: readonly string[]): void {
    this.#stood = { standing, datasets };
  }

  /** A SELECT that hot rows were asked by. */
  note(sql: string, rows: number): void {
    this.#asked.push(sql);
    if (rows > 0) this.#isEmpty = false;
  }

  /** Where the table is used by what was made later than this, nothing is taken for known. */
  watch(table: HotTable): HotTable {
    return new Proxy(table, {
      get: (target, name, receiver) => {
        if (!KNOWN.has(name)) this.#isEmpty = false;
        return Reflect.get(target, name, receiver) as unknown;
      },
    });
  }
}

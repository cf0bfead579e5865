/** A question about the catalogue: what PostgreSQL answers, whole, given so many rows at a time. */
import {
  askCatalogue,
  type CatalogueAnswer,
  type CatalogueQuestion,
  type CatalogueValues,
} from '../catalogue/ask-catalogue.ts';
import type { AskHot } from '../face-desk.ts';
import type { Executed, RowsPortal, Run } from './portal.ts';

export class CataloguePortal implements RowsPortal {
  readonly #ask: (signal: AbortSignal) => Promise<CatalogueAnswer>;
  #answer: CatalogueAnswer | null = null;
  #given = 0;

  constructor(ask: AskHot, question: CatalogueQuestion, values: CatalogueValues) {
    this.#ask = (signal) => askCatalogue(ask, question, values, signal);
  }

  async describe({ signal }: Run): Promise<Buffer> {
    return (await this.#answered(signal)).columns;
  }

  async execute(most: number, run: Run): Promise<Executed> {
    const { rows, isEnd } = await this.read(most, run);
    return isEnd ? { kind: 'done', tag: `SELECT ${String(rows)}` } : { kind: 'suspended' };
  }

  async read(
    most: number,
    { send, signal }: Run,
  ): Promise<{ readonly rows: number; readonly isEnd: boolean }> {
    const { rows } = await this.#answered(signal);
    const wanted = rows.slice(this.#given, most === 0 ? undefined : this.#given + most);
    for (const row of wanted) await send(row);
    this.#given += wanted.length;
    return { rows: wanted.length, isEnd: most === 0 || wanted.length < most };
  }

  close(): Promise<void> {
    this.#answer = { columns: Buffer.alloc(0), rows: [] };
    return Promise.resolve();
  }

  async #answered(signal: AbortSignal): Promise<CatalogueAnswer> {
    this.#answer ??= await this.#ask(signal);
    return this.#answer;
  }
}

/** EXPLAIN: the lines of a plan, of a question that is not run. */
import type { Executed, Portal, Run } from './portal.ts';
import type { QueryPortal } from './query-portal.ts';

export class ExplainPortal implements Portal {
  readonly #lines: QueryPortal;

  constructor(lines: QueryPortal) {
    this.#lines = lines;
  }

  describe(run: Run): Promise<Buffer> {
    return this.#lines.describe(run);
  }

  async execute(most: number, run: Run): Promise<Executed> {
    const executed = await this.#lines.execute(most, run);
    return executed.kind === 'done' ? { kind: 'done', tag: 'EXPLAIN' } : executed;
  }

  close(): Promise<void> {
    return this.#lines.close();
  }
}

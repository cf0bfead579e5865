/** COPY … TO STDOUT: the rows as the lines of a file, which their process makes. */
import { message } from '../wire/backend.ts';
import type { Executed, Portal, Run } from './portal.ts';
import type { QueryPortal } from './query-portal.ts';

export class CopyPortal implements Portal {
  readonly #lines: QueryPortal;

  constructor(lines: QueryPortal) {
    this.#lines = lines;
  }

  describe(): Promise<null> {
    return Promise.resolve(null);
  }

  async execute(_most: number, run: Run): Promise<Executed> {
    await run.send(await this.#lines.describe(run));
    const { rows } = await this.#lines.read(0, run);
    await run.send(copyDone());
    return { kind: 'done', tag: `COPY ${String(rows)}` };
  }

  close(): Promise<void> {
    return this.#lines.close();
  }
}

const copyDone = (): Buffer => message('c');

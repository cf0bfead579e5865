/** Statements whose answer is known without a question: commands, and rows that are here. */
import { int16, int32, message, text, uint32 } from '../wire/backend.ts';
import type { Executed, Portal, Run } from './portal.ts';

/** What it does is done when it is run, once. */
export class CommandPortal implements Portal {
  readonly #run: (run: Run) => Promise<string>;

  /** @param run resolves with its tag */
  constructor(run: (run: Run) => Promise<string>) {
    this.#run = run;
  }

  describe(): Promise<null> {
    return Promise.resolve(null);
  }

  async execute(_most: number, run: Run): Promise<Executed> {
    return { kind: 'done', tag: await this.#run(run) };
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

const TEXT_OID = 25;

/** Rows of texts. */
export class TextRowsPortal implements Portal {
  readonly #names: readonly string[];
  readonly #rows: () => readonly (readonly string[])[];
  readonly #tag: string;

  constructor(names: readonly string[], rows: () => readonly (readonly string[])[], tag: string) {
    this.#names = names;
    this.#rows = rows;
    this.#tag = tag;
  }

  describe(): Promise<Buffer> {
    return Promise.resolve(textRowDescription(this.#names));
  }

  async execute(_most: number, { send }: Run): Promise<Executed> {
    // As text and as binary they are the same.
    for (const row of this.#rows()) await send(textRow(row));
    return { kind: 'done', tag: this.#tag };
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

function textRowDescription(names: readonly string[]): Buffer {
  const fields = names.flatMap((name) => [
    text(name),
    int32(0),
    int16(0),
    uint32(TEXT_OID),
    int16(-1),
    int32(-1),
    int16(0),
  ]);
  return message('T', int16(names.length), ...fields);
}

function textRow(values: readonly string[]): Buffer {
  const cells = values.flatMap((value) => {
    const bytes = Buffer.from(value);
    return [int32(bytes.length), bytes];
  });
  return message('D', int16(values.length), ...cells);
}

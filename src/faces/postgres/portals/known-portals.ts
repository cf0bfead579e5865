/** Statements whose answer is known without a question: commands, and rows that are here. */
import { BINARY_FORMAT, TEXT_FORMAT } from '../../../query/answer/postgres/postgres-reply.ts';
import { int16, int32, message, text, uint32 } from '../wire/backend.ts';
import type { Executed, Portal, RowsPortal, Run } from './portal.ts';

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

export interface KnownRows {
  readonly columns: readonly KnownColumn[];
  readonly rows: readonly (readonly KnownValue[])[];
  readonly tag: 'SHOW' | 'SELECT';
}

export interface KnownColumn {
  readonly name: string;
  readonly type: keyof typeof TYPES;
}

export type KnownValue = string | number | null;

/** Rows that are here. */
export class KnownRowsPortal implements RowsPortal {
  readonly #known: () => KnownRows;
  readonly #formats: readonly number[];
  #rows: KnownRows | null = null;
  #given = 0;

  /** @param formats of the columns: one for each, one for all of them, or none for text */
  constructor(known: () => KnownRows, formats: readonly number[]) {
    this.#known = known;
    this.#formats = formats;
  }

  describe(): Promise<Buffer> {
    const { columns } = this.#all();
    return Promise.resolve(rowDescription(columns, (at) => this.#formatOf(at)));
  }

  async execute(most: number, run: Run): Promise<Executed> {
    const { rows, isEnd } = await this.read(most, run);
    if (!isEnd) return { kind: 'suspended' };
    const { tag } = this.#all();
    return { kind: 'done', tag: tag === 'SELECT' ? `SELECT ${String(rows)}` : tag };
  }

  async read(
    most: number,
    { send }: Run,
  ): Promise<{ readonly rows: number; readonly isEnd: boolean }> {
    const { rows } = this.#all();
    const wanted = rows.slice(this.#given, most === 0 ? undefined : this.#given + most);
    for (const row of wanted) await send(dataRow(row, (at) => this.#formatOf(at)));
    this.#given += wanted.length;
    return { rows: wanted.length, isEnd: most === 0 || wanted.length < most };
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  /** Settings are those of the time when they are first asked for. */
  #all(): KnownRows {
    this.#rows ??= this.#known();
    return this.#rows;
  }

  #formatOf(at: number): number {
    return (this.#formats.length === 1 ? this.#formats[0] : this.#formats[at]) ?? TEXT_FORMAT;
  }
}

/** All messages of an answer of texts. */
export function knownRows(
  columns: readonly KnownColumn[],
  rows: readonly (readonly KnownValue[])[],
): Buffer {
  const formatOf = (): number => TEXT_FORMAT;
  return Buffer.concat([
    rowDescription(columns, formatOf),
    ...rows.map((row) => dataRow(row, formatOf)),
  ]);
}

type FormatOf = (column: number) => number;

const TYPES = {
  text: { oid: 25, size: -1 },
  integer: { oid: 23, size: 4 },
  void: { oid: 2278, size: 4 },
} as const;

function rowDescription(columns: readonly KnownColumn[], formatOf: FormatOf): Buffer {
  const fields = columns.flatMap(({ name, type }, at) => [
    text(name),
    int32(0),
    int16(0),
    uint32(TYPES[type].oid),
    int16(TYPES[type].size),
    int32(-1),
    int16(formatOf(at)),
  ]);
  return message('T', int16(columns.length), ...fields);
}

function dataRow(values: readonly KnownValue[], formatOf: FormatOf): Buffer {
  const cells = values.flatMap((value, at) => {
    if (value === null) return [int32(-1)];
    const isBinary = typeof value === 'number' && formatOf(at) === BINARY_FORMAT;
    const bytes = isBinary ? int32(value) : Buffer.from(String(value));
    return [int32(bytes.length), bytes];
  });
  return message('D', int16(values.length), ...cells);
}

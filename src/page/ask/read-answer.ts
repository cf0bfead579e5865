/** An answer of NDJSON as it comes: the first rows are kept, the others are counted. Pure but for the stream. */

export type Row = Readonly<Record<string, unknown>>;

/** Of an answer that may still be coming. */
export interface AnswerSoFar {
  readonly columns: readonly string[];
  /** The first of them, at most `SHOWN_ROWS`. */
  readonly rows: readonly Row[];
  /** All that have come. */
  readonly count: number;
}

/** With more, a browser is slow and a person lost. */
export const SHOWN_ROWS = 1_000;

export const NO_ROWS: AnswerSoFar = { columns: [], rows: [], count: 0 };

/**
 * @param onRows told after each piece that came
 * @throws what the stream throws: the answer broke off, and what came is a part of it
 */
export async function readAnswer(
  body: AsyncIterable<Uint8Array>,
  onRows: (soFar: AnswerSoFar) => void,
): Promise<AnswerSoFar> {
  const decoder = new TextDecoder();
  let rest = '';
  let soFar = NO_ROWS;
  for await (const part of body) {
    const lines = (rest + decoder.decode(part, { stream: true })).split('\n');
    rest = lines.pop() ?? '';
    soFar = withLines(soFar, lines);
    onRows(soFar);
  }
  return soFar;
}

function withLines(before: AnswerSoFar, lines: readonly string[]): AnswerSoFar {
  const room = SHOWN_ROWS - before.rows.length;
  const added = room <= 0 ? [] : lines.slice(0, room).map((line) => JSON.parse(line) as Row);
  const rows = added.length === 0 ? before.rows : [...before.rows, ...added];
  const [first] = rows;
  const columns = before.columns.length > 0 ? before.columns : Object.keys(first ?? {});
  return { columns, rows, count: before.count + lines.length };
}

/** A response's own, which Safari can't iterate over. */
export async function* partsOf(body: ReadableStream<Uint8Array>): AsyncGenerator<Uint8Array> {
  const reader = body.getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      yield value;
    }
  } finally {
    // Whoever reads no more wants no more; that there is none left is no news.
    void reader.cancel().catch(() => undefined);
  }
}

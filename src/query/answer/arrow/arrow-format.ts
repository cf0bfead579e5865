/** A result as a stream of Arrow IPC: its schema, a batch of rows at a time, and its end. */
import {
  Field,
  makeData,
  RecordBatch,
  RecordBatchStreamWriter,
  Schema,
  Struct,
} from 'apache-arrow';
import type { WriteRows } from '../write-rows.ts';
import { columnOf } from './column-of.ts';

export const writeArrow: WriteRows = async (source, sink) => {
  const columns = source.columns.map(({ name, type }) => ({ name, ...columnOf(name, type) }));
  const fields = columns.map(({ name, type }) => new Field(name, type, true));
  const schema = new Schema(fields);
  const row = new Struct(fields);
  const stream = new ArrowBytes();
  stream.reset(undefined, schema);
  let rows = 0;
  for await (const chunk of source.chunks) {
    const children = columns.map(({ dataOf }, at) =>
      dataOf(chunk.map((values) => values[at] ?? null)),
    );
    stream.write(
      new RecordBatch(
        schema,
        makeData({ type: row, length: chunk.length, nullCount: 0, children }),
      ),
    );
    await sink.write(stream.take());
    rows += chunk.length;
  }
  stream.finish();
  await sink.write(stream.take());
  return rows;
};

/** What the library writes, to be taken batch by batch: its own queue takes all there is, and never waits. */
class ArrowBytes extends RecordBatchStreamWriter {
  #parts: Uint8Array[] = [];

  take(): Uint8Array {
    const bytes = Buffer.concat(this.#parts);
    this.#parts = [];
    return bytes;
  }

  protected override _write(chunk: ArrayBufferView): this {
    this.#parts.push(new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.byteLength));
    this._position += chunk.byteLength;
    return this;
  }
}

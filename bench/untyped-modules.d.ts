/** As much of two packages without types as the bench uses. */
declare module 'parquetjs-lite' {
  interface Field {
    readonly type: string;
    readonly compression?: string;
  }
  interface Schema {
    readonly fields: Readonly<Record<string, unknown>>;
  }
  interface Writer {
    setRowGroupSize(rows: number): void;
    appendRow(row: Readonly<Record<string, unknown>>): Promise<void>;
    close(): Promise<void>;
  }
  interface Reader {
    getCursor(): { next(): Promise<Readonly<Record<string, unknown>> | null> };
    close(): Promise<void>;
  }
  const parquet: {
    readonly ParquetSchema: new (fields: Readonly<Record<string, Field>>) => Schema;
    readonly ParquetWriter: { openFile(schema: Schema, path: string): Promise<Writer> };
    readonly ParquetReader: { openFile(path: string): Promise<Reader> };
  };

  export { parquet as default };
}

declare module 'pg-cursor' {
  import type { Submittable } from 'pg';

  class Cursor<Row> implements Submittable {
    constructor(text: string, values?: readonly unknown[]);
    submit: Submittable['submit'];
    read(rows: number): Promise<Row[]>;
    close(): Promise<void>;
  }

  export { Cursor as default };
}

/** The rows of segments as PostgreSQL would have sent them: what `COPY … FROM` takes. */
import type { ColumnPlan } from '../domain/columns/column-plan.ts';
import { TierdError } from '../domain/errors.ts';
import { interrupted } from './lake-failure.ts';
import { COPY_HEADER, COPY_TRAILER, CopyEncoder, rowsOf } from './segment/copy-encoder.ts';
import { type DuckEngine, quoteSqlName, quoteSqlText } from './segment/duckdb.ts';

export interface RowsToCopy {
  readonly engine: DuckEngine;
  /** In the order in which they are read; absolute. */
  readonly paths: readonly string[];
  /** All of them together must have as many. */
  readonly rows: number;
  /** Those that are sent, in this order. */
  readonly columns: readonly ColumnPlan[];
  /** SQL of those rows of one of the files that are sent, with these columns; all of them unless given. */
  readonly selectRows?: (path: string) => string;
  readonly signal: AbortSignal;
  readonly onRows: (rows: number) => void;
}

/**
 * Yields the whole data of a COPY; each piece is lent until the next is asked for. Nothing is read
 * ahead of what is taken but a chunk.
 *
 * @throws TierdError SEGMENT_UNREADABLE, INTERRUPTED
 */
export async function* copyRows(read: RowsToCopy): AsyncGenerator<Uint8Array> {
  const { engine, paths, columns, selectRows = selectAll(columns), signal, onRows } = read;
  const encoder = new CopyEncoder(columns);
  const connection = await engine.connect();
  const onAbort = (): void => connection.interrupt();
  signal.addEventListener('abort', onAbort, { once: true });
  let rows = 0;
  try {
    yield COPY_HEADER;
    for (const path of paths) {
      for await (const chunk of connection.stream(selectRows(path))) {
        yield* encoder.encode(chunk);
        const more = rowsOf(chunk);
        rows += more;
        onRows(more);
        if (signal.aborted) throw interrupted('read a slice', signal.reason);
      }
    }
  } catch (error) {
    if (signal.aborted) throw interrupted('read a slice', signal.reason);
    if (error instanceof TierdError) throw error;
    throw unreadable(read, rows, error);
  } finally {
    signal.removeEventListener('abort', onAbort);
    connection.close();
  }
  if (signal.aborted) throw interrupted('read a slice', signal.reason);
  // A stream of DuckDB's that fails ends as if it were whole.
  if (rows !== read.rows) throw unreadable(read, rows, undefined);
  yield COPY_TRAILER;
}

function selectAll(columns: readonly ColumnPlan[]): (path: string) => string {
  const names = columns.map(({ name }) => quoteSqlName(name)).join(', ');
  return (path) =>
    `select ${names} from read_parquet(${quoteSqlText(path)}, hive_partitioning = false)`;
}

function unreadable({ paths, rows: wanted }: RowsToCopy, rows: number, cause: unknown): TierdError {
  const why = cause instanceof Error ? `: ${cause.message}` : '';
  return new TierdError({
    code: 'SEGMENT_UNREADABLE',
    message: `Of ${String(wanted)} rows in ${paths.join(', ')} only ${String(rows)} could be read${why}. Nothing was changed.`,
    hint: 'Run `tierd scrub`, which says whether the files are damaged; if not, raise maintenance.memory_limit.',
    cause,
  });
}

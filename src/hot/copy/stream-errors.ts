/** What can be wrong with an export's stream or with a value in it. */
import { TierdError } from '../../domain/errors.ts';

/** The stream is not what PostgreSQL documents: a fault of the connection, a proxy or tierd. */
export function brokenStream(what: string): TierdError {
  return new TierdError({
    code: 'COPY_STREAM_BROKEN',
    message: `The binary COPY stream from PostgreSQL is broken: ${what}. The export was given up; nothing was deleted.`,
    hint: 'Run the same command again; if it happens again, look for a proxy between tierd and PostgreSQL.',
  });
}

export interface ValueNotHeld {
  readonly dataset: string;
  readonly column: string;
  readonly postgresType: string;
  /** The value, as a person would write it. */
  readonly value: string;
  /** Why, as a clause. */
  readonly reason: string;
  /** Where keeping the column as text would not help. */
  readonly hint?: string;
}

/** A value that its column's native type can't hold exactly (I6). */
export function valueNotHeld(problem: ValueNotHeld): TierdError {
  const { dataset, column, postgresType, value, reason } = problem;
  const asText = `Set datasets.${dataset}.columns.${column}: text to keep the column as exact text.`;
  return new TierdError({
    code: 'VALUE_NOT_HELD',
    message: `Column ${column} (${postgresType}) holds the value ${value}, which can't be kept exactly: ${reason}. Nothing was deleted.`,
    hint: problem.hint ?? asText,
    context: { dataset, column, postgresType, value },
  });
}

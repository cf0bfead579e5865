/** What a foreign table of the hot PostgreSQL and the PostgreSQL face agree on. */

/** The schema of the face whose tables are the cold sides as foreign tables see them. */
export const ATTACHED = 'attached';

/**
 * The column by which a statement says at which of its snapshots a side is to be read. No dataset has it, `*` leaves it out,
 * and its value is that very snapshot, or null.
 */
export const AS_OF = 'tierd_as_of';

/** The schema of the face whose tables are the cold sides as foreign chunks of hypertables see them. */
export const IN_PLACE = 'in_place';

/** As what a session of the hot PostgreSQL makes itself known that asks: postgres_fdw fills in its id. */
export const READER_PREFIX = 'tierd ';
export const READER_NAME = `${READER_PREFIX}%c`;

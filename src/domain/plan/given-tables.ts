/** Whether a table is the one that an earlier restore copied rows into. Pure. */
import type { TableRef } from '../table.ts';

export interface MarkedTable {
  readonly ref: TableRef;
  /** Cluster, database and oid, with slashes between: no other table has it, and a dump does not keep it. */
  readonly identity: string;
}

/** A table as the ledger noted it when it was given rows. */
export interface GivenTable {
  /** Null where it is not known any more. */
  readonly ref: TableRef | null;
  readonly identity: string;
  /** Whether there is a table of that name now. */
  readonly isThere: boolean;
}

/**
 * `unsure` where only a look at the rows can tell: the database came back from a dump, in which every
 * table gets another oid, or the table was replaced by another of its name.
 */
export type Acquaintance = 'same' | 'other' | 'unsure';

export function isGiven(given: GivenTable, target: MarkedTable): Acquaintance {
  // By this a table is known that was renamed since.
  if (given.identity === target.identity) return 'same';
  if (given.ref !== null && isSameName(given.ref, target.ref)) return 'unsure';
  if (databaseOf(given.identity) === databaseOf(target.identity)) return 'other';
  // In another database than this, it may have been renamed since it came here; not if it is there still.
  return given.isThere ? 'other' : 'unsure';
}

function isSameName(one: TableRef, other: TableRef): boolean {
  return one.schema === other.schema && one.name === other.name;
}

function databaseOf(identity: string): string {
  return identity.slice(0, identity.lastIndexOf('/'));
}

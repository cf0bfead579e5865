/**
 * What the columns of a dataset are called now, whatever they were called when their rows moved (I13). A column that was
 * dropped keeps its last name, with its field id behind it where another has that name by now.
 */
import type { FieldColumn, KnownColumn } from './field-ids.ts';

interface Held {
  readonly name: string;
  /** Segments from before there were field ids have none: their columns are known by their first names. */
  readonly fieldId?: number | undefined;
}

export interface PresentNames {
  readonly nameOf: (held: Held) => string;
  /** Whether the table has it no more. */
  readonly isDropped: (held: Held) => boolean;
}

/**
 * @param known by the ledger
 * @param table its columns as they are; null where it is gone, or was not looked at
 */
export function presentNames(
  known: readonly KnownColumn[],
  table: readonly Pick<FieldColumn, 'fieldId' | 'name'>[] | null,
): PresentNames {
  const current = table ?? known.filter(({ isDropped }) => !isDropped);
  const names = new Map(current.map(({ fieldId, name }) => [fieldId, name]));
  const kept = new Set(names.keys());
  // An engine that reads the lake has one column for names that differ in case alone.
  const taken = new Set(current.map(({ name }) => name.toLowerCase()));
  for (const { fieldId, name } of known.toReversed()) {
    if (names.has(fieldId)) continue;
    const free = freeName(name, fieldId, taken);
    taken.add(free.toLowerCase());
    names.set(fieldId, free);
  }
  const firstIds = new Map(
    known.toReversed().map(({ firstName, fieldId }) => [firstName, fieldId]),
  );
  const idOf = ({ name, fieldId }: Held): number | undefined => fieldId ?? firstIds.get(name);
  return {
    nameOf: (held) => names.get(idOf(held) ?? Number.NaN) ?? held.name,
    isDropped: (held) => !kept.has(idOf(held) ?? Number.NaN),
  };
}

function freeName(name: string, fieldId: number, taken: ReadonlySet<string>): string {
  let free = name;
  for (let more = `_${String(fieldId)}`; taken.has(free.toLowerCase()); more += '_') {
    free = name + more;
  }
  return free;
}

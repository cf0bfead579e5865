/** Labels of enums that a restore would bring back as something else than they were. */
import type { SliceFingerprint } from '../fingerprint.ts';
import { changedLabels, type EnumLabel } from '../lake/enum-labels.ts';
import { sqlLiteral } from '../sql-name.ts';
import type { Refusal } from './refusal.ts';
import type { ColumnPair } from './restore-columns.ts';

export interface KnownLabels {
  readonly recorded: ReadonlyMap<number, readonly EnumLabel[]>;
  readonly current: ReadonlyMap<number, readonly EnumLabel[]>;
}

/**
 * A label that was renamed, and whose name another has today: the row would say what it never said. One whose name no label
 * has any more is refused by PostgreSQL, if a row has it.
 *
 * @param pairs in the order of the fingerprint's columns
 */
export function refuseExchangedLabels(
  pairs: readonly ColumnPair[],
  { rows, columns }: SliceFingerprint,
  { recorded, current }: KnownLabels,
): readonly Refusal[] {
  return pairs.flatMap(({ plan, target }, index) => {
    const id = plan.fieldId;
    const isEmpty = (columns[index]?.nulls ?? 0) >= rows;
    if (id === undefined || target === null || isEmpty) return [];
    const today = current.get(id) ?? [];
    return changedLabels(recorded.get(id) ?? [], today)
      .filter(({ was }) => today.some(({ label }) => label === was))
      .map(({ was, now }) => refuse(plan.name, was, now));
  });
}

function refuse(column: string, was: string, now: string | null): Refusal {
  const meant =
    now === null ? 'a label that is gone' : `the label that is ${sqlLiteral(now)} today`;
  return {
    guard: 'renamed_label',
    message: `${sqlLiteral(was)} in the column ${column} was ${meant} when rows were moved, and is the name of another label now: they would come back as that`,
    hint: 'give the labels the names that they had with `alter type … rename value`, restore, and rename them again; where these rows were moved after the names had changed, use --force',
    forceable: true,
  };
}

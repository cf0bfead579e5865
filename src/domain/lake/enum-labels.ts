/**
 * What the labels of an enum were called when rows left. The lake has a label as text, and `alter type … rename value` changes
 * what a text means: a row that was written as `a` is shown by PostgreSQL as `b` from then on, wherever it lies. PostgreSQL gives a label a
 * number that it keeps, by which one that was renamed is told from one that is new.
 */

export interface EnumLabel {
  /** Of the type itself: no restored or recreated type has the same. */
  readonly typeIdentity: string;
  readonly number: number;
  readonly label: string;
}

/** A label as rows of the lake may have it, and what it is called today; null where it is gone. */
export interface ChangedLabel {
  readonly was: string;
  readonly now: string | null;
}

/**
 * @param recorded each that the column had when rows of it were written
 * @param current in the order of the type; none where the column is no enum any more
 */
export function changedLabels(
  recorded: readonly EnumLabel[],
  current: readonly EnumLabel[],
): readonly ChangedLabel[] {
  return recorded.flatMap((known) => {
    const today = nameToday(known, current);
    return today === known.label ? [] : [{ was: known.label, now: today }];
  });
}

/** Of a type that was made anew, as by a dump and restore, only the name tells. */
function nameToday(known: EnumLabel, current: readonly EnumLabel[]): string | null {
  const same = current.find(
    ({ typeIdentity, number }) => typeIdentity === known.typeIdentity && number === known.number,
  );
  if (same !== undefined) return same.label;
  const isOfAnother = current.every(({ typeIdentity }) => typeIdentity !== known.typeIdentity);
  return isOfAnother && current.some(({ label }) => label === known.label) ? known.label : null;
}

/** Those that are not recorded yet, each once. */
export function newLabels(
  recorded: readonly EnumLabel[],
  current: readonly EnumLabel[],
): readonly EnumLabel[] {
  const idOf = ({ typeIdentity, number, label }: EnumLabel): string =>
    JSON.stringify([typeIdentity, number, label]);
  const known = new Set(recorded.map(idOf));
  return current.filter((one) => !known.has(idOf(one)));
}

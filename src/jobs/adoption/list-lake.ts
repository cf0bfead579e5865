/** The files of a dataset, by the month of their folder. Names and lengths only: small enough for 100,000. */
import type { AdoptionProblem } from '../../domain/plan/adoption.ts';
import { parseSegmentKey } from '../../lake/layout.ts';
import type { ListedObject, ObjectStore } from '../../lake/object-store.ts';

export interface LakeListing {
  /** `2024-01` → the files of its folders; in the order of time. */
  readonly months: ReadonlyMap<string, readonly ListedObject[]>;
  readonly files: number;
  /** Files of other names. */
  readonly problems: readonly AdoptionProblem[];
}

export async function listLake(
  store: ObjectStore,
  dataset: string,
  signal: AbortSignal,
): Promise<LakeListing> {
  const months = new Map<string, ListedObject[]>();
  const problems: AdoptionProblem[] = [];
  let files = 0;
  for await (const object of store.list(`${dataset}/`, signal)) {
    const place = parseSegmentKey(object.key);
    if (place === null) {
      const reason = 'its name is none that tierd gives a segment';
      problems.push({ kind: 'strange', key: object.key, reason });
      continue;
    }
    files += 1;
    const month = new Date(place.start).toISOString().slice(0, 'YYYY-MM'.length);
    const found = months.get(month) ?? [];
    found.push(object);
    months.set(month, found);
  }
  return { months: new Map([...months].sort(([a], [b]) => (a < b ? -1 : 1))), files, problems };
}

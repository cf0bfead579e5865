/** A catalogue whose answers are remembered, for a plan that counts what each condition rules out. */
import type { ColdCatalog, SegmentRef } from './cold-catalog.ts';

export function listedOnce(catalog: ColdCatalog): ColdCatalog {
  const listed = new Map<string, Promise<readonly SegmentRef[]>>();
  return {
    ...catalog,
    listSegments(dataset, hull) {
      const { fromInclusiveUs, toInclusiveUs } = hull;
      const asked = JSON.stringify([dataset, String(fromInclusiveUs), String(toInclusiveUs)]);
      const known = listed.get(asked) ?? catalog.listSegments(dataset, hull);
      listed.set(asked, known);
      return known;
    },
  };
}

/** The results of a job over several datasets, as its report has them. */
import type { DatasetResult } from '../../jobs/rotate-all.ts';
import { errorDocument } from '../terminal/errors.ts';

/** @param key under which an item is named that has an error in place of an outcome */
export function documentsOf<Outcome>(
  results: readonly DatasetResult<Outcome>[],
  documentOf: (outcome: Outcome) => unknown,
  key: 'dataset' | 'source' = 'dataset',
): readonly unknown[] {
  return results.map((result) =>
    'error' in result
      ? { [key]: result.dataset, ...errorDocument(result.error) }
      : documentOf(result.outcome),
  );
}

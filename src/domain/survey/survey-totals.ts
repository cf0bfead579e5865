/** Sums over what was looked at, which say of whom they know nothing. */
import type { DatasetSurvey, SourceSurvey, Survey } from './survey.ts';

/** Who is not in a sum, and who is in it with figures of an earlier look. */
export interface Gaps {
  readonly missing: readonly string[];
  readonly stale: readonly string[];
}

export interface HotTotals extends Gaps {
  /** Null when nobody's are known: nothing seen is not 0. */
  readonly rows: number | null;
  readonly rowsAreEstimated: boolean;
  readonly bytes: number | null;
}

export interface WaitingTotals {
  readonly entries: number | null;
  readonly missing: readonly string[];
}

/** Over the datasets of a survey. One without a count of rows is missing. */
export function hotTotalsOf(datasets: readonly DatasetSurvey[]): HotTotals {
  return {
    rows: sumOf(datasets.map(({ hot }) => hot.rows)),
    rowsAreEstimated: datasets.some(({ hot }) => hot.rowsAreEstimated),
    bytes: sumOf(datasets.map(({ hot }) => hot.bytes)),
    missing: datasets.filter(({ hot }) => hot.rows === null).map(({ dataset }) => dataset),
    stale: datasets
      .filter(({ error, hot }) => error !== null && hot.rows !== null)
      .map(({ dataset }) => dataset),
  };
}

/** Over the sources that are drained. What a snapshot reads stays where it is: it waits for nobody. */
export function waitingTotalsOf(sources: readonly SourceSurvey[]): WaitingTotals {
  const drained = sources.filter(({ kind }) => kind !== 'snapshot');
  return {
    entries: sumOf(drained.map(({ backlogEntries }) => backlogEntries)),
    // One that is switched off waits for nobody's look.
    missing: drained
      .filter(({ enabled, backlogEntries }) => enabled && backlogEntries === null)
      .map(({ source }) => source),
  };
}

/**
 * Of what is told of sources beside the ledger: whose backlog nobody has seen, and whose is of before.
 *
 * @param dataset only its sources; all where it is null
 */
export function sourceGapsOf({ hot, live, sources }: Survey, dataset: string | null): Gaps {
  const areBothThere = hot.reachable && live?.reachable === true;
  const looked = sources.filter(
    (source) =>
      source.kind !== 'snapshot' &&
      source.enabled &&
      (dataset === null || source.dataset === dataset),
  );
  return {
    missing: waitingTotalsOf(looked).missing,
    stale: looked
      .filter(
        ({ backlogEntries, error }) => backlogEntries !== null && !(areBothThere && error === null),
      )
      .map(({ source }) => source),
  };
}

function sumOf(values: readonly (number | null)[]): number | null {
  const known = values.filter((value) => value !== null);
  if (known.length === 0 && values.length > 0) return null;
  return known.reduce((sum, value) => sum + value, 0);
}

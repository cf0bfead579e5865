/** What alerts need of a survey of the stores: a plain value, made from it in one call. */
import type { PartitionsLook } from '../../domain/plan/partition-plan.ts';
import type { EpochMs } from '../../domain/time/time-range.ts';

export interface StoreFacts {
  readonly sources: readonly {
    readonly source: string;
    /** Null: not known, as of a source that could not be looked at. */
    readonly lagSeconds: number | null;
    /** Null: the ledger could not be read. */
    readonly deadLettersWaiting: number | null;
  }[];
  /** Null: no live store is configured. */
  readonly live: {
    /** Why it does not answer; null when it does. */
    readonly error: string | null;
    /** What can take entries before they are drained, in words. */
    readonly hazards: readonly string[];
  } | null;
  /** Why no rotation would use the lake; null when it would. */
  readonly lakeError: string | null;
  /** Of the segments that are live, those that the last scrub found missing or altered; null as above. */
  readonly badSegments: readonly { readonly dataset: string; readonly count: number }[] | null;
  /** Datasets whose last run met rows that the lake had already, or still goes on; null as above. */
  readonly again: readonly RowsAgainFact[] | null;
  /** Of tables whose partitions are made ahead. */
  readonly partitions: readonly PartitionsFact[];
  /** When the last good run of each kind of backup ended; without those that never had one. Null: not known. */
  readonly backups: ReadonlyMap<string, EpochMs> | null;
}

type PartitionsLooked = Pick<PartitionsLook, 'short' | 'defaultRows'>;

export interface PartitionsFact extends PartitionsLooked {
  readonly dataset: string;
}

export interface RowsAgainFact {
  readonly dataset: string;
  /** Null: the run goes on, and has not said. */
  readonly found: { readonly rows: number; readonly changed: number } | null;
}

/** Of a survey, what is looked at here. */
export interface Surveyed {
  readonly live: {
    readonly reachable: boolean;
    readonly error: string | null;
    readonly warnings: readonly string[];
  } | null;
  readonly cold: { readonly error: string | null };
  readonly sources: readonly {
    readonly source: string;
    readonly kind: string;
    readonly enabled: boolean;
    readonly error: string | null;
    readonly lagSeconds: number | null;
    readonly deadLettersWaiting: number;
  }[];
  readonly datasets: readonly {
    readonly dataset: string;
    readonly cold: { readonly badSegments: number };
    readonly partitions: PartitionsLooked | null;
    readonly lastRun: LastRunFact | null;
  }[];
  /** Null: the ledger could not be read, and what comes from it is 0 above. */
  readonly deadLettersWaiting: number | null;
  readonly backups: readonly { readonly kind: string; readonly finishedAt: EpochMs }[] | null;
}

interface LastRunFact {
  readonly finishedAt: string | null;
  readonly rowsAgain: number;
  readonly rowsChanged: number;
}

export function storeFactsOf(survey: Surveyed): StoreFacts {
  const { live, sources, datasets } = survey;
  const hasLedger = survey.deadLettersWaiting !== null;
  return {
    live:
      live === null
        ? null
        : {
            error: live.reachable ? null : (live.error ?? 'no answer'),
            hazards: live.warnings,
          },
    lakeError: survey.cold.error,
    sources: sources.map((source) => ({
      source: source.source,
      lagSeconds: lagOf(source),
      deadLettersWaiting: hasLedger ? source.deadLettersWaiting : null,
    })),
    badSegments: hasLedger
      ? datasets.flatMap(({ dataset, cold }) =>
          cold.badSegments === 0 ? [] : [{ dataset, count: cold.badSegments }],
        )
      : null,
    partitions: datasets.flatMap(({ dataset, partitions }) =>
      partitions === null
        ? []
        : [{ dataset, short: partitions.short, defaultRows: partitions.defaultRows }],
    ),
    backups:
      survey.backups === null
        ? null
        : new Map(survey.backups.map(({ kind, finishedAt }) => [kind, finishedAt])),
    again: hasLedger ? datasets.flatMap(({ dataset, lastRun }) => againIn(dataset, lastRun)) : null,
  };
}

function againIn(dataset: string, run: LastRunFact | null): readonly RowsAgainFact[] {
  if (run === null) return [];
  if (run.finishedAt === null) return [{ dataset, found: null }];
  if (run.rowsAgain === 0) return [];
  return [{ dataset, found: { rows: run.rowsAgain, changed: run.rowsChanged } }];
}

function lagOf(source: Surveyed['sources'][number]): number | null {
  // What nobody drains, and what stays in Redis for good, is never behind.
  if (!source.enabled || source.kind === 'snapshot') return 0;
  return source.error === null ? source.lagSeconds : null;
}

/** What alerts need of a survey of the stores: a plain value, made from it in one call. */

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
  /** Of the segments that are live, those that the last scrub found missing or altered; null as above. */
  readonly badSegments: readonly { readonly dataset: string; readonly count: number }[] | null;
}

/** Of a survey, what is looked at here. */
export interface Surveyed {
  readonly live: {
    readonly reachable: boolean;
    readonly error: string | null;
    readonly warnings: readonly string[];
  } | null;
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
  }[];
  /** Null: the ledger could not be read, and what comes from it is 0 above. */
  readonly deadLettersWaiting: number | null;
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
  };
}

function lagOf(source: Surveyed['sources'][number]): number | null {
  // What nobody drains, and what stays in Redis for good, is never behind.
  if (!source.enabled || source.kind === 'snapshot') return 0;
  return source.error === null ? source.lagSeconds : null;
}

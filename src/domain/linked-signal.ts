/**
 * One signal of several, until it is released. AbortSignal.any is not for a process that runs for a
 * year: Node keeps a listener of such a signal, and all that it holds, until one of the sources
 * aborts, and drops a source of AbortSignal.timeout that nobody else holds: then none ever does.
 */
export interface LinkedSignal {
  /** Aborts with the first of the sources, and with its reason. */
  readonly signal: AbortSignal;
  readonly abort: (reason?: unknown) => void;
  /** Forgets the sources; what they do later does nothing here. */
  readonly release: () => void;
}

export function linkSignals(...sources: readonly AbortSignal[]): LinkedSignal {
  const linked = new AbortController();
  const follow = (event: Event): void => {
    linked.abort((event.target as AbortSignal).reason);
  };
  for (const source of sources) {
    if (source.aborted) linked.abort(source.reason);
    source.addEventListener('abort', follow, { once: true });
  }
  return {
    signal: linked.signal,
    abort: (reason) => {
      linked.abort(reason);
    },
    release: () => {
      for (const source of sources) source.removeEventListener('abort', follow);
    },
  };
}

/** Asks again and again: the status every two seconds, the rest more seldom. */
import { useEffect, useRef, useState } from 'preact/hooks';
import type { AccessDocument, StatusDocument } from './documents.ts';
import { statusDelayMs } from './pacing.ts';
import { explain, Refusal, type Server } from './server.ts';
import { useSurroundings } from './surroundings.ts';

export interface Watch {
  /** The last that came, however old. */
  readonly status: StatusDocument | null;
  readonly access: AccessDocument | null;
  /** Server's time of the last answer. */
  readonly answeredAtMs: number | null;
  /** Why there was none since; null while there is. */
  readonly problem: string | null;
  readonly needsToken: boolean;
  readonly refresh: () => void;
}

type WatchState = Omit<Watch, 'refresh'>;

const NOTHING_YET: WatchState = {
  status: null,
  access: null,
  answeredAtMs: null,
  problem: null,
  needsToken: false,
};

export function useStatus(server: Server): Watch {
  const [state, setState] = useState(NOTHING_YET);
  const wake = useRef<() => void>(() => undefined);
  // Asked for again only when it may have changed.
  const access = useRef<AccessDocument | null>(null);
  useEffect(() => {
    const controller = new AbortController();
    const { signal } = controller;
    let timer: ReturnType<typeof setTimeout> | undefined;
    let failures = 0;
    let isAsking = false;
    let isWoken = false;
    const ask = async (): Promise<void> => {
      isAsking = true;
      const found = await askOnce(server, access.current, signal);
      isAsking = false;
      // The page is gone, or asks with a loop of its own.
      if (signal.aborted) return;
      const isAway = typeof found.problem === 'string';
      failures = isAway ? failures + 1 : 0;
      access.current = isAway || found.needsToken === true ? null : (found.access ?? null);
      setState((before) => ({ ...before, ...found }));
      if (isWoken) {
        isWoken = false;
        access.current = null;
        void ask();
        return;
      }
      const delayMs = statusDelayMs({ isHidden: document.hidden, failures });
      timer = setTimeout(() => void ask(), delayMs);
    };
    wake.current = () => {
      if (isAsking) {
        isWoken = true;
        return;
      }
      clearTimeout(timer);
      void ask();
    };
    const onVisible = (): void => {
      if (!document.hidden) wake.current();
    };
    document.addEventListener('visibilitychange', onVisible);
    void ask();
    return () => {
      controller.abort();
      document.removeEventListener('visibilitychange', onVisible);
      clearTimeout(timer);
    };
  }, [server]);
  const [refresh] = useState(() => () => {
    access.current = null;
    wake.current();
  });
  return { ...state, refresh };
}

async function askOnce(
  server: Server,
  known: AccessDocument | null,
  signal: AbortSignal,
): Promise<Partial<WatchState>> {
  try {
    const access = known ?? (await server.get<AccessDocument>('/v1/access', signal));
    if (!access.status) return { access, needsToken: true, status: null, problem: null };
    const status = await server.get<StatusDocument>('/status', signal);
    return {
      access,
      status,
      answeredAtMs: server.now(),
      problem: null,
      needsToken: false,
    };
  } catch (error) {
    if (error instanceof Refusal && error.status === 401)
      return { needsToken: true, status: null, problem: null };
    return { problem: explain(error) };
  }
}

export interface Polled<Document> {
  readonly value: Document | null;
  /** Why the last try brought none. */
  readonly problem: string | null;
}

/**
 * @param path null: nothing is asked.
 * @param since asked again at once when it changes.
 */
export function usePolled<Document>(
  path: string | null,
  everyMs: number,
  since: string,
): Polled<Document> {
  const { server } = useSurroundings();
  const [polled, setPolled] = useState<Polled<Document>>({ value: null, problem: null });
  useEffect(() => {
    if (path === null) return undefined;
    const controller = new AbortController();
    const askNow = async (): Promise<void> => {
      try {
        const value = await server.get<Document>(path, controller.signal);
        if (!controller.signal.aborted) setPolled({ value, problem: null });
      } catch (error) {
        if (controller.signal.aborted) return;
        setPolled((before) => ({ ...before, problem: explain(error) }));
      }
    };
    void askNow();
    const timer = setInterval(() => {
      if (!document.hidden) void askNow();
    }, everyMs);
    return () => {
      controller.abort();
      clearInterval(timer);
    };
  }, [server, path, everyMs, since]);
  return polled;
}

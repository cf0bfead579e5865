/** What every part of the page may use: the server, the time, and what the person may do. */
import { createContext } from 'preact';
import { useContext, useEffect, useReducer } from 'preact/hooks';
import type { Server } from './server.ts';

export interface Surroundings {
  readonly server: Server;
  readonly canControl: boolean;
  /** When the daemon last answered, where it no longer does: all that is shown is as of then. */
  readonly asOfMs: number | null;
  /** Told in the live region, and shown until it is dismissed. */
  readonly say: (message: Message) => void;
  /** Asks for the status again at once. */
  readonly refresh: () => void;
}

export interface Message {
  readonly kind: 'done' | 'failed';
  readonly text: string;
}

export const SurroundingsContext = createContext<Surroundings | null>(null);

export function useSurroundings(): Surroundings {
  const surroundings = useContext(SurroundingsContext);
  if (surroundings === null) throw new Error('This part stands outside of the page.');
  return surroundings;
}

const TICK_MS = 1_000;

/**
 * The time that what is shown is of: it stands where the daemon is away. Only for what shows a time that
 * passes: all else stays.
 */
export function useNow(): number {
  const { asOfMs } = useSurroundings();
  const clock = useClock();
  return asOfMs ?? clock;
}

/** The server's time, once a second. */
export function useClock(): number {
  const { server } = useSurroundings();
  const [, tick] = useReducer((count: number) => count + 1, 0);
  useEffect(() => {
    const timer = setInterval(() => {
      if (!document.hidden) tick(undefined);
    }, TICK_MS);
    return () => clearInterval(timer);
  }, []);
  return server.now();
}

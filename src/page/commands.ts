/** What a person has the daemon do, and what is said of it afterwards. */
import { useState } from 'preact/hooks';
import { explain } from './server.ts';
import { useSurroundings } from './surroundings.ts';

export type CommandTarget =
  | { readonly kind: 'jobs'; readonly name: string }
  | { readonly kind: 'datasets'; readonly name: string };

export interface Commanding {
  readonly isBusy: boolean;
  /**
   * @param done what is to be said of it on the page; null where whoever asked says it
   * @returns null when it was done, else why it was not.
   */
  readonly send: (path: string, done: (answer: unknown) => string | null) => Promise<string | null>;
}

export function useCommand(): Commanding {
  const { server, say, refresh } = useSurroundings();
  const [isBusy, setBusy] = useState(false);
  return {
    isBusy,
    send: async (path, done) => {
      setBusy(true);
      try {
        const text = done(await server.post(path));
        if (text !== null) say({ kind: 'done', text });
        refresh();
        return null;
      } catch (error) {
        return explain(error);
      } finally {
        setBusy(false);
      }
    },
  };
}

export function pathOf({ kind, name }: CommandTarget, verb: string): string {
  return `/v1/${kind}/${encodeURIComponent(name)}/${verb}`;
}

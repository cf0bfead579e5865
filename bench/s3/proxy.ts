/** The tests' proxy in a process of its own: what it does is not done by the process that is measured. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

export interface SeenInAll {
  readonly requests: number;
  readonly bytes: number;
}

export interface CountingProxy {
  readonly url: string;
  /** @returns of segments that were read, since it was last asked */
  seen(): Promise<SeenInAll>;
  /** Each answer begins so much later from here on. */
  delay(ms: number): Promise<void>;
  close(): Promise<void>;
}

export type ToProxy =
  | { readonly kind: 'seen' }
  | { readonly kind: 'delay'; readonly ms: number }
  | { readonly kind: 'close' };

const PROGRAM = fileURLToPath(new URL('./proxy-process.ts', import.meta.url));

/** @param upstream URL of the store */
export async function startProxy(upstream: string): Promise<CountingProxy> {
  const child = fork(PROGRAM, [upstream]);
  const next = (): Promise<unknown> => new Promise((resolve) => child.once('message', resolve));
  const ask = (question: ToProxy): Promise<unknown> => {
    const answer = next();
    child.send(question);
    return answer;
  };
  const { url } = (await next()) as { readonly url: string };
  return {
    url,
    seen: async () => (await ask({ kind: 'seen' })) as SeenInAll,
    delay: async (ms) => {
      await ask({ kind: 'delay', ms });
    },
    async close() {
      const ended = once(child, 'exit');
      child.send({ kind: 'close' } satisfies ToProxy);
      await ended;
    },
  };
}

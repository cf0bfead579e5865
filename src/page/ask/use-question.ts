/** One question at a time: asked, answered as it comes, ended. */
import { useEffect, useRef, useState } from 'preact/hooks';
import { type Path, type Question, Refusal } from '../server.ts';
import { useSurroundings } from '../surroundings.ts';
import { type AnswerSoFar, NO_ROWS, partsOf, readAnswer } from './read-answer.ts';

/** What the server's headers say of an answer. */
export interface Origin {
  readonly version: string;
  readonly segmentsRead: number;
  readonly segments: number;
  readonly hotRows: number;
  /** Of Redis, read beside the snapshot; null where it was not read. */
  readonly liveRows: number | null;
}

export type Asking =
  | { readonly state: 'idle' }
  | { readonly state: 'running'; readonly sinceMs: number }
  | { readonly state: 'done'; readonly elapsedMs: number }
  /** `isPart`: rows came before. */
  | { readonly state: 'failed'; readonly problem: Problem; readonly isPart: boolean };

export interface Problem {
  readonly status: number | null;
  readonly code: string | null;
  readonly what: string;
  readonly hint: string | null;
}

export interface Answer extends AnswerSoFar {
  readonly asking: Asking;
  readonly origin: Origin | null;
}

const NOTHING: Answer = { ...NO_ROWS, asking: { state: 'idle' }, origin: null };

export interface Questioning {
  readonly answer: Answer;
  readonly ask: (question: Question | Path) => void;
  readonly cancel: () => void;
}

export function useQuestion(): Questioning {
  const { server } = useSurroundings();
  const [answer, setAnswer] = useState(NOTHING);
  const running = useRef<AbortController | null>(null);
  useEffect(() => () => running.current?.abort(), []);
  const ask = async (question: Question | Path, controller: AbortController): Promise<void> => {
    const { signal } = controller;
    const sinceMs = performance.now();
    setAnswer({ ...NOTHING, asking: { state: 'running', sinceMs } });
    const change = (changed: Partial<Answer>): void => {
      if (running.current === controller) setAnswer((before) => ({ ...before, ...changed }));
    };
    let count = 0;
    let hasBegun = false;
    try {
      const response = await server.query(question, signal);
      hasBegun = true;
      change({ origin: originOf(response.headers) });
      if (response.body !== null) {
        await readAnswer(partsOf(response.body), (soFar) => {
          ({ count } = soFar);
          change(soFar);
        });
      }
      const told = response.headers.get('tierd-elapsed-ms');
      const elapsedMs = told === null ? performance.now() - sinceMs : Number(told);
      change({ asking: { state: 'done', elapsedMs } });
    } catch (error) {
      const problem = problemOf(error, signal.aborted, hasBegun);
      change({ asking: { state: 'failed', problem, isPart: count > 0 } });
    }
  };
  return {
    answer,
    ask(question) {
      running.current?.abort();
      running.current = new AbortController();
      void ask(question, running.current);
    },
    cancel: () => running.current?.abort(),
  };
}

function originOf(headers: Headers): Origin {
  const figure = (name: string): number => Number(headers.get(name) ?? 0);
  return {
    version: headers.get('tierd-snapshot') ?? '',
    segmentsRead: figure('tierd-segments-read'),
    segments: figure('tierd-segments'),
    hotRows: figure('tierd-hot-rows'),
    liveRows: headers.has('tierd-live-rows') ? figure('tierd-live-rows') : null,
  };
}

export function problemOf(error: unknown, isCancelled: boolean, hasBegun: boolean): Problem {
  const nothing = { status: null, code: null, hint: null };
  if (isCancelled) return { ...nothing, what: 'It was cancelled.' };
  if (error instanceof Refusal) {
    const { status, code, message, hint } = error;
    return { status, code, what: message, hint };
  }
  if (hasBegun) {
    return {
      ...nothing,
      what: 'The answer broke off: it grew larger than query.max_result, took longer than query.timeout, or failed on its way.',
      hint: 'Ask for less at once, or use tierd query --output, which has no such limit.',
    };
  }
  return { ...nothing, what: 'The daemon does not answer.' };
}

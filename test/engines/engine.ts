/** An engine in a Python of its own, asked one question after the other. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline/promises';

/** The condition is SQL that PostgreSQL and the engines have in common; `{2024-01-15T00:00:00}` in it is an instant, UTC. */
export interface Question {
  readonly name: string;
  readonly filter: string | null;
}

export interface Answer {
  readonly rows: number;
  readonly price: string | null;
  readonly size: number | null;
  /** In microseconds since 1970. */
  readonly first: number | null;
  readonly last: number | null;
}

/** By the question's name. */
export type Answers = Readonly<Record<string, Answer>>;

/** As `ask.py` has it. */
export interface Order {
  readonly engine: string;
  readonly rest: string | null;
  readonly token: string | null;
  readonly database: string;
  readonly table: string;
  readonly metadata: string;
  readonly folder: string;
  /** Where its files lie in a bucket. */
  readonly s3: {
    readonly url: string;
    readonly region: string;
    readonly key: string;
    readonly secret: string;
  } | null;
  readonly snapshot: number | null;
  readonly questions: readonly Question[];
}

export interface Engine {
  /** One at a time. @throws Error with what the engine said */
  ask(order: Order): Promise<Answers>;
  end(): Promise<void>;
}

export function openEngine(python: string): Engine {
  const child = spawn(python, [join(import.meta.dirname, 'ask.py')]);
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  let told = '';
  child.stderr.on('data', (data: Buffer) => {
    told = (told + data.toString()).slice(-4_000);
  });
  return {
    ask: async (order) => {
      child.stdin.write(`${JSON.stringify(order)}\n`);
      const line = await lines.next();
      if (line.done === true) throw new Error(`${order.engine} is gone: ${told}`);
      const reply = JSON.parse(line.value) as { answers: Answers } | { error: string };
      if ('error' in reply) throw new Error(`${order.engine} gave no answer: ${reply.error}`);
      return reply.answers;
    },
    end: async () => {
      child.stdin.end();
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
    },
  };
}

/** What a route is. */
import type { z } from 'zod';
import type { Scope } from './admission.ts';

export interface Asked {
  readonly params: Readonly<Record<string, string>>;
  readonly query: unknown;
}

export interface Answer {
  readonly status: number;
  /** An error is told as Problem Details. */
  readonly problem?: string;
  readonly body?: unknown;
  /** Of a body that is text; JSON otherwise. */
  readonly type?: string;
}

export interface Route {
  readonly method: 'GET' | 'POST';
  /** As fastify writes it: `/v1/jobs/:job/run`. */
  readonly url: string;
  readonly scope: Scope;
  readonly summary: string;
  readonly query?: z.ZodObject;
  readonly response?: z.ZodType;
  readonly answer: (asked: Asked) => Answer | Promise<Answer>;
}

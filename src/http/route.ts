/** What a route is. */
import type { z } from 'zod';
import type { Scope } from './admission.ts';

export interface Asked {
  readonly params: Readonly<Record<string, string>>;
  readonly query: unknown;
  readonly authorization: string | undefined;
  readonly ifNoneMatch: string | undefined;
}

export interface Answer {
  readonly status: number;
  /** An error is told as Problem Details. */
  readonly problem?: string;
  readonly body?: unknown;
  /** Of a body that is text; JSON otherwise. */
  readonly type?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface Route {
  readonly method: 'GET' | 'POST';
  /** As fastify writes it: `/v1/jobs/:job/run`. */
  readonly url: string;
  readonly scope: Scope;
  readonly summary: string;
  readonly query?: z.ZodObject;
  readonly response?: z.ZodType;
  /** No part of the interface for programs. */
  readonly isFile?: boolean;
  /** Of a supervisor or a monitor: never told to ask later. */
  readonly isProbe?: true;
  readonly answer: (asked: Asked) => Answer | Promise<Answer>;
}

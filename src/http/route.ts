/** What a route is. */
import type { z } from 'zod';
import type { ErrorCode } from '../domain/errors.ts';
import type { Scope } from './admission.ts';

export interface Asked {
  readonly params: Readonly<Record<string, string>>;
  readonly query: unknown;
  /** As it was sent: not checked. */
  readonly body: unknown;
  /** Aborted when whoever asked is gone, and at the end of the answer. */
  readonly gone: AbortSignal;
  readonly authorization: string | undefined;
  readonly ifNoneMatch: string | undefined;
  readonly accept: string | undefined;
}

export interface Answer {
  readonly status: number;
  /** An error is told as Problem Details. */
  readonly problem?: string;
  /** Of the catalogue, with a problem. */
  readonly code?: ErrorCode;
  /** What to do next, with a problem. */
  readonly hint?: string;
  readonly body?: unknown;
  /** Of a body that is text; JSON otherwise. */
  readonly type?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface Route {
  readonly method: 'GET' | 'HEAD' | 'POST';
  /** As fastify writes it: `/v1/jobs/:job/run`. */
  readonly url: string;
  readonly scope: Scope;
  readonly summary: string;
  readonly query?: z.ZodObject;
  readonly body?: z.ZodType;
  /** Where it is no JSON document that says that something was begun. */
  readonly success?: { readonly status: number; readonly types: readonly string[] };
  readonly response?: z.ZodType;
  /** No part of the interface for programs. */
  readonly isFile?: boolean;
  /** Of a supervisor or a monitor: never told to ask later. */
  readonly isProbe?: true;
  readonly answer: (asked: Asked) => Answer | Promise<Answer>;
}

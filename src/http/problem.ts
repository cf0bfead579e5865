/** Errors as Problem Details (RFC 9457), and to clients of the Iceberg catalogue as these read them. */
import type { FastifyReply } from 'fastify';
import type { ErrorCode } from '../domain/errors.ts';
import { ICEBERG_ROOT, icebergError } from './iceberg/iceberg-error.ts';

const PROBLEM_TYPE = 'application/problem+json';

const TITLES: Readonly<Record<number, string>> = {
  400: 'Bad request',
  401: 'A token is needed',
  403: 'Not allowed',
  404: 'Not found',
  405: 'Method not allowed',
  406: 'Not acceptable',
  409: 'Not now',
  413: 'Too large',
  415: 'Unsupported media type',
  422: 'Not to be answered',
  429: 'Too many requests',
  503: 'Unavailable',
  504: 'Took too long',
};

/**
 * @param detail for a person; never a secret, never what a library thought of it.
 * @param hint what to do next: a member of our own, which RFC 9457 allows
 */
export function sendProblem(
  reply: FastifyReply,
  status: number,
  detail: string,
  code?: ErrorCode,
  hint?: string,
): FastifyReply {
  if (reply.request.url.startsWith(`${ICEBERG_ROOT}/`)) {
    const said = hint === undefined ? detail : `${detail} ${hint}`;
    return reply.code(status).send(icebergError(status, said));
  }
  return reply
    .code(status)
    .type(PROBLEM_TYPE)
    .send(
      JSON.stringify({
        type: 'about:blank',
        title: TITLES[status] ?? 'Internal error',
        status,
        detail,
        ...(code === undefined ? {} : { code }),
        ...(hint === undefined ? {} : { hint }),
      }),
    );
}

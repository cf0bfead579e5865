/** The status page's server: routes, who may call them, and how often. It reads a view of the daemon. */
import { type FastifyInstance, type FastifyReply, type FastifyRequest, fastify } from 'fastify';
import type { DaemonControl, DaemonView } from '../daemon/view.ts';
import { TierdError } from '../domain/errors.ts';
import type { Clock } from '../domain/time/clock.ts';
import { WrongSecrets } from '../domain/wrong-secrets.ts';
import {
  admit,
  clientOf,
  isLocalName,
  RateLimit,
  showsWrongToken,
  type Tokens,
} from './admission.ts';
import type { IcebergDesk } from './iceberg/iceberg-desk.ts';
import { ICEBERG_ROOT } from './iceberg/iceberg-error.ts';
import type { PageAsset } from './page-assets.ts';
import { sendProblem } from './problem.ts';
import type { QueryDesk } from './queries/query-desk.ts';
import { RequestRefused, refuseParameters } from './read-request.ts';
import type { Answer, Route } from './route.ts';
import { routesOf } from './routes.ts';

export interface ServerParts {
  readonly view: DaemonView;
  readonly control: DaemonControl;
  readonly tokens: Tokens;
  /** The page for people; none where it was not built. */
  readonly page: readonly PageAsset[];
  readonly requestsPerMinute: number;
  readonly queries: QueryDesk;
  readonly iceberg: IcebergDesk;
  readonly clock: Clock;
  /** Told of what nobody foresaw; the caller gets no details. */
  readonly onError: (error: unknown) => void;
  /** Told of who showed a token that nobody has, in words without it. */
  readonly onWrongToken: (found: string) => void;
}

/** Only a query has a body. */
const MAX_BODY_BYTES = 16 * 1024;
const MAX_QUERY_BYTES = 256 * 1024;
const REQUEST_TIMEOUT_MS = 30_000;
/** More than a request's head may have, so that a long name is one which isn't there: no route has a pattern that such would slow down. */
const MAX_NAME_LENGTH = 64 * 1024;

const EVERY_ANSWER = { 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' };

/** Not listening yet: `inject` works, and `listen` opens the socket. */
export function createServer(parts: ServerParts): FastifyInstance {
  const server = fastify({
    bodyLimit: MAX_BODY_BYTES,
    requestTimeout: REQUEST_TIMEOUT_MS,
    routerOptions: { maxParamLength: MAX_NAME_LENGTH },
    // Before there is a route, so that no hook runs.
    frameworkErrors: (error, _request, reply) => {
      void sendError(error, reply.headers(EVERY_ANSWER), parts.onError);
    },
    // Whoever keeps a connection open must not keep the daemon from ending.
    forceCloseConnections: true,
    logger: false,
  });
  const wrongTokens = new WrongSecrets(parts.clock, 'a wrong token', parts.onWrongToken);
  const limit = new RateLimit(parts.clock, parts.requestsPerMinute);
  const routes = routesOf(parts);
  const probes = new Map(routes.filter(isProbe).map((route) => [route.url, route]));
  server.addHook('onRequest', async (request, reply) => {
    void reply.headers(EVERY_ANSWER);
    const { authorization } = request.headers;
    if (showsWrongToken(parts.tokens, authorization)) {
      wrongTokens.note(request.ip, `${request.method} ${pathShown(request.url)}`);
    }
    const probe = probes.get(request.routeOptions.url ?? '');
    // A supervisor must hear of the daemon, however much others ask. A wrong token is counted.
    const isFree = probe !== undefined && admit(probe.scope, parts.tokens, authorization) === null;
    const waitSeconds = isFree
      ? null
      : limit.count(clientOf(request.ip, parts.tokens, authorization));
    if (waitSeconds !== null) {
      void reply.header('retry-after', String(waitSeconds));
      return sendProblem(reply, 429, `Ask again in ${String(waitSeconds)} s.`);
    }
    if (parts.tokens.status === null && !isLocalName(request.headers.host)) {
      return sendProblem(reply, 403, 'Without a token only localhost is answered.');
    }
    // Before anybody reads what is sent: it may be of any type.
    if (request.is404 && !isRead(request) && request.url.startsWith(`${ICEBERG_ROOT}/`)) {
      return sendProblem(reply, 405, READ_ONLY);
    }
    return undefined;
  });
  for (const route of routes) {
    server.route({
      method: route.method,
      url: route.url,
      // HEAD is answered by running GET: nobody means to have a query run for its headers.
      exposeHeadRoute: route.method === 'GET' && route.scope !== 'query',
      ...(route.body === undefined ? {} : { bodyLimit: MAX_QUERY_BYTES }),
      onRequest: async (request, reply) => guard(route, parts.tokens, request, reply),
      handler: async (request, reply) => {
        const params = request.params as Readonly<Record<string, string>>;
        const { authorization, 'if-none-match': ifNoneMatch, accept } = request.headers;
        const { query, body } = request;
        if (route.method === 'POST' && route.query === undefined) refuseParameters(query);
        const gone = goneWith(reply);
        return send(
          reply,
          await route.answer({ params, query, body, gone, authorization, ifNoneMatch, accept }),
        );
      },
    });
  }
  server.setNotFoundHandler((_request, reply) =>
    sendProblem(reply, 404, 'There is no such page; /openapi.json has those there are.'),
  );
  server.setErrorHandler((error, _request, reply) => sendError(error, reply, parts.onError));
  return server;
}

const MAX_PATH_SHOWN = 80;

/** Somebody may have put the token behind the question mark. */
function pathShown(url: string): string {
  return (url.split('?', 1)[0] ?? '').slice(0, MAX_PATH_SHOWN);
}

function isRead({ method }: FastifyRequest): boolean {
  return method === 'GET' || method === 'HEAD';
}

const READ_ONLY =
  'The catalogue is to be read only: tierd writes the tables. It gives out no tokens either; the client is to show the query token (`token`).';

function goneWith({ raw }: FastifyReply): AbortSignal {
  const controller = new AbortController();
  raw.once('close', () => controller.abort());
  return controller.signal;
}

function isProbe({ isProbe: is }: Route): boolean {
  return is === true;
}

function guard(
  route: Route,
  tokens: Tokens,
  request: FastifyRequest,
  reply: FastifyReply,
): FastifyReply | undefined {
  const refusal = admit(route.scope, tokens, request.headers.authorization);
  if (refusal === null) return undefined;
  if (refusal === 401) {
    void reply.header('www-authenticate', 'Bearer');
    return sendProblem(reply, 401, `This needs a token with the scope ${route.scope}.`);
  }
  const { scope } = route;
  const detail =
    scope !== 'open' && tokens[scope] === null
      ? `Nobody may: server.${scope}_token is not configured.`
      : `This token lacks the scope ${scope}.`;
  return sendProblem(reply, 403, detail);
}

function send(reply: FastifyReply, answer: Answer): FastifyReply {
  if (answer.problem !== undefined) {
    void reply.headers(answer.headers ?? {});
    return sendProblem(reply, answer.status, answer.problem, answer.code, answer.hint);
  }
  const type = answer.type ?? 'application/json; charset=utf-8';
  return reply
    .code(answer.status)
    .headers(answer.headers ?? {})
    .type(type)
    .send(answer.body);
}

function sendError(
  error: unknown,
  reply: FastifyReply,
  onError: (error: unknown) => void,
): FastifyReply {
  if (error instanceof RequestRefused) return sendProblem(reply, 400, error.message);
  if (error instanceof TierdError && error.retry) return sendProblem(reply, 503, error.message);
  const status = (error as { statusCode?: number } | null)?.statusCode ?? 500;
  if (status === 415) {
    return sendProblem(reply, 415, 'What is sent is to be JSON: content-type: application/json.');
  }
  // fastify's own word on a request that it could not read.
  if (status >= 400 && status < 500) {
    return sendProblem(reply, status, error instanceof Error ? error.message : '');
  }
  onError(error);
  return sendProblem(reply, 500, 'tierd failed in a way it did not foresee; its log says how.');
}

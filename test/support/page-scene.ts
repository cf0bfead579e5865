/**
 * The built page on a server whose answers the test decides: the page's files and who may ask are
 * tierd's own, the documents are values.
 */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { resolve } from 'node:path';
import { json } from 'node:stream/consumers';
import { admit, type Scope, type Tokens } from '../../src/http/admission.ts';
import { readPageAssets } from '../../src/http/page-assets.ts';
import { pageRoutes } from '../../src/http/routes/page-routes.ts';
import type {
  CalendarDay,
  CalendarDocument,
  DryRunDocument,
  FlowDocument,
  RunsDocument,
  StatusDocument,
} from '../../src/page/documents.ts';
import { aCalendar, aFlow, aStatus, someRuns } from './page-documents.ts';

/** What the page sends to /v1/query. */
interface Question {
  readonly sql: string;
  readonly params: readonly unknown[];
  readonly format: string;
  readonly live: boolean;
}

const BUILT_PAGE = resolve(import.meta.dirname, '../../dist/http/page');

type Mutable<T> = { -readonly [Key in keyof T]: T[Key] };

export interface PageScene {
  readonly url: string;
  /** What `/status` answers next; it may be changed at any time. */
  status: Mutable<StatusDocument>;
  flow: FlowDocument;
  runs: RunsDocument;
  days: readonly CalendarDay[];
  dryRun: Omit<DryRunDocument, 'id' | 'error_message'>;
  /** What a command answers: 202 and a body, or a problem. */
  answerCommand: (path: string) => { readonly status: number; readonly body: unknown };
  /** Answers a query in whatever way; none is answered unless a test says how. */
  answerQuery: (question: Question, response: ServerResponse) => void;
  /** Every POST so far but queries: path and query. */
  readonly commands: readonly string[];
  /** Every GET so far. */
  readonly asked: readonly string[];
  stop(): Promise<void>;
  start(): Promise<void>;
}

export async function startPageScene(
  shown: Omit<Tokens, 'query'> & Partial<Tokens> = { status: null, control: null },
): Promise<PageScene> {
  const tokens: Tokens = { query: null, ...shown };
  const commands: string[] = [];
  const asked: string[] = [];
  const files = pageRoutes(readPageAssets(BUILT_PAGE), tokens);
  let server = createServer();
  const scene: PageScene = {
    url: '',
    status: aStatus(Date.now()),
    flow: aFlow(Date.now()),
    runs: someRuns(Date.now()),
    days: aCalendar(Date.now()),
    dryRun: { state: 'running', started_at: '', finished_at: null, result: null },
    answerCommand: () => ({ status: 202, body: { outcome: 'start' } }),
    answerQuery: (_question, response) => response.destroy(),
    commands,
    asked,
    stop: () => end(server),
    start: async () => {
      server = await listen(handle, port);
    },
  };
  const handle = (request: IncomingMessage, response: ServerResponse): void => {
    const { pathname, search } = new URL(request.url ?? '/', 'http://scene');
    if (pathname === '/v1/query') {
      void receive(request, response);
      return;
    }
    if (request.method === 'POST') commands.push(pathname + search);
    else asked.push(pathname + search);
    void answer(request, pathname, search).then(({ status, body, headers = {} }) => {
      const isFile = Buffer.isBuffer(body);
      response.writeHead(status, {
        'content-type': status < 400 ? 'application/json' : 'application/problem+json',
        ...headers,
      });
      response.end(isFile ? body : JSON.stringify(body));
    });
  };
  const receive = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const refusal = admit('query', tokens, request.headers.authorization);
    if (refusal === null) {
      scene.answerQuery((await json(request)) as Question, response);
      return;
    }
    const { body } = problem(refusal, 'This needs a token with the scope query.');
    response.writeHead(refusal, { 'content-type': 'application/problem+json' });
    response.end(JSON.stringify(body));
  };
  const answer = async (
    request: IncomingMessage,
    pathname: string,
    search: string,
  ): Promise<Reply> => {
    const { authorization } = request.headers;
    const file = files.find(({ url }) => url === pathname);
    if (file !== undefined) {
      const found = await file.answer({
        params: {},
        query: {},
        body: undefined,
        gone: new AbortController().signal,
        authorization,
        ifNoneMatch: undefined,
        accept: undefined,
      });
      const type = found.type === undefined ? {} : { 'content-type': found.type };
      return { status: found.status, body: found.body, headers: { ...found.headers, ...type } };
    }
    const scope: Scope = request.method === 'POST' ? 'control' : 'status';
    const refusal = admit(scope, tokens, authorization);
    if (refusal !== null) {
      return problem(refusal, `This needs a token with the scope ${scope}.`);
    }
    if (request.method === 'POST') return scene.answerCommand(pathname + search);
    switch (pathname) {
      case '/status':
        return { status: 200, body: scene.status };
      case '/v1/flow':
        return { status: 200, body: scene.flow };
      case '/v1/runs':
        return { status: 200, body: scene.runs };
      case '/v1/calendar':
        return { status: 200, body: calendarOf(search, scene.days) };
      case '/v1/dry-runs/d1':
        return { status: 200, body: { ...scene.dryRun, id: 'd1', error_message: null } };
      default:
        return problem(404, 'There is no such page.');
    }
  };
  server = await listen(handle, 0);
  const port = (server.address() as { port: number }).port;
  Object.assign(scene, { url: `http://127.0.0.1:${String(port)}/` });
  return scene;
}

function calendarOf(search: string, days: readonly CalendarDay[]): CalendarDocument {
  const dataset = new URLSearchParams(search).get('dataset') ?? '';
  return { dataset, days, missing: [], stale: [] };
}

interface Reply {
  readonly status: number;
  readonly body: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

export function problem(status: number, detail: string): Reply {
  return { status, body: { type: 'about:blank', title: 'No', status, detail } };
}

async function listen(
  handle: (request: IncomingMessage, response: ServerResponse) => void,
  port: number,
): Promise<Server> {
  const server = createServer(handle).listen(port, '127.0.0.1');
  await once(server, 'listening');
  return server;
}

async function end(server: Server): Promise<void> {
  const closed = once(server, 'close');
  server.close();
  server.closeAllConnections();
  await closed;
}

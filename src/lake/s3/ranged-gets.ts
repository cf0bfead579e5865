/**
 * Ranged GETs, of which a query may ask a hundred. Where requests go, and who signs them, the SDK works out for the first;
 * the others are made of that, with half of the work. What any other answer means than a part of the object is the
 * SDK's to say: it is asked for again.
 */
import type * as Sdk from '@aws-sdk/client-s3';

export interface RangedAnswer {
  readonly body: unknown;
  readonly bytes: string | undefined;
  readonly contentRange: string | undefined;
  readonly version: string | null;
}

export interface RangedGets {
  /** Once the SDK has asked for an object. */
  isReady(): boolean;
  /** Null where the SDK has to ask, in this way or for want of an answer that is plain. Throws what the connection throws. */
  ask(
    key: string,
    headers: { readonly range: string; readonly 'if-match'?: string },
    signal: AbortSignal | undefined,
  ): Promise<RangedAnswer | null>;
}

/** As the SDK has it before it is signed; the types of its parts are another package's. */
interface Unsigned {
  readonly method: string;
  readonly path: string;
  readonly query: Readonly<Record<string, unknown>>;
  readonly headers: Readonly<Record<string, string>>;
}

interface Config {
  /** Asked each time: they may be others by then. */
  credentials(): Promise<unknown>;
  readonly requestHandler: {
    handle(
      request: unknown,
      options: { readonly abortSignal?: AbortSignal },
    ): Promise<{ readonly response: Response }>;
  };
}

interface Response {
  readonly statusCode: number;
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: { destroy(): void };
}

interface Built {
  readonly request: Unsigned;
  readonly input: object;
}

interface Signer {
  sign(request: Unsigned, identity: unknown, properties: unknown): Promise<unknown>;
}

interface Template {
  readonly request: Unsigned;
  /** Before the key. */
  readonly path: string;
  readonly signer: Signer;
  readonly properties: unknown;
}

const PARTIAL_CONTENT = 206;

export function rangedGets(client: Sdk.S3Client): RangedGets {
  const config = client.config as unknown as Config;
  let template: Template | null = null;
  client.middlewareStack.addRelativeTo(
    <Args extends object, Output>(next: (args: Args) => Output, context: object) =>
      (args: Args): Output => {
        template ??= templateOf(args as unknown as Built, context);
        return next(args);
      },
    { relation: 'before', toMiddleware: 'httpSigningMiddleware', name: 'templateOfRangedGets' },
  );
  return {
    isReady: () => template !== null,
    async ask(key, headers, signal) {
      if (template === null) return null;
      const { request, path, signer, properties } = template;
      const own = Object.assign(copyOf(request), {
        path: path + encoded(key),
        headers: { ...plainHeaders(request.headers), ...headers },
      });
      const identity = await config.credentials();
      const signed = await signer.sign(own, identity, properties);
      const options = signal === undefined ? {} : { abortSignal: signal };
      const { response } = await config.requestHandler.handle(signed, options);
      const { body } = response;
      if (response.statusCode !== PARTIAL_CONTENT) {
        body.destroy();
        return null;
      }
      const { 'content-length': bytes, 'content-range': contentRange, etag } = response.headers;
      return { body, bytes, contentRange, version: etag ?? null };
    },
  };
}

/** Of a GET; null of any other request, and where the SDK does not say what it did of old. */
function templateOf({ request, input }: Built, context: object): Template | null {
  const { Key: key } = input as { readonly Key?: string };
  if (request.method !== 'GET' || key === undefined || !request.path.endsWith(encoded(key)))
    return null;
  const { __smithy_context: found } = context as {
    readonly __smithy_context?: {
      readonly selectedHttpAuthScheme?: {
        readonly signer?: Signer;
        readonly httpAuthOption?: { readonly signingProperties?: unknown };
      };
    };
  };
  const { signer, httpAuthOption } = found?.selectedHttpAuthScheme ?? {};
  if (signer === undefined || httpAuthOption === undefined) return null;
  return {
    request: copyOf(request),
    path: request.path.slice(0, -encoded(key).length),
    signer,
    properties: httpAuthOption.signingProperties,
  };
}

/** It is changed when it is signed. */
const copyOf = (request: Unsigned): Unsigned =>
  Object.assign(Object.create(Object.getPrototypeOf(request) as object) as Unsigned, request, {
    query: { ...request.query },
  });

/** Those that are of any request to the store. */
function plainHeaders(headers: Readonly<Record<string, string>>): Record<string, string> {
  const kept = ['host', 'user-agent', 'x-amz-user-agent'];
  return Object.fromEntries(Object.entries(headers).filter(([name]) => kept.includes(name)));
}

/** As the SDK writes a key into a path. */
const encoded = (key: string): string =>
  key
    .split('/')
    .map((part) =>
      encodeURIComponent(part).replaceAll(
        /[!'()*]/g,
        (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`,
      ),
    )
    .join('/');

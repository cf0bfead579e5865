/** OpenAPI 3.1 out of the routes, so that the two can't disagree. */
import { z } from 'zod';
import type { Route } from './route.ts';

type Described = Pick<
  Route,
  'method' | 'url' | 'scope' | 'summary' | 'query' | 'body' | 'success' | 'response'
>;

export function openApiDocument(version: string, routes: readonly Described[]): unknown {
  const paths: Record<string, Record<string, unknown>> = {};
  for (const route of routes) {
    const path = route.url.replaceAll(/:(\w+)/g, '{$1}');
    paths[path] = { ...paths[path], [route.method.toLowerCase()]: operationOf(route) };
  }
  return {
    openapi: '3.1.0',
    info: { title: 'tierd', version },
    components: { securitySchemes: { token: { type: 'http', scheme: 'bearer' } } },
    paths,
  };
}

function operationOf(route: Described): unknown {
  const inPath = [...route.url.matchAll(/:(\w+)/g)].map(([, name]) => ({
    name,
    in: 'path',
    required: true,
    schema: { type: 'string' },
  }));
  const inQuery = Object.entries<z.ZodType>(route.query?.shape ?? {}).map(([name, schema]) => ({
    name,
    in: 'query',
    required: !schema.safeParse(undefined).success,
    schema: jsonSchema(schema),
  }));
  const others = route.query?.def.catchall === undefined ? [] : [EQUALITIES];
  const success = String(route.success?.status ?? (route.method === 'POST' ? 202 : 200));
  return {
    summary: route.summary,
    ...(route.scope === 'open' ? {} : { security: [{ token: [route.scope] }] }),
    parameters: [...inPath, ...inQuery, ...others],
    ...(route.body === undefined
      ? {}
      : {
          requestBody: {
            required: true,
            content: { 'application/json': { schema: jsonSchema(route.body, 'input') } },
          },
        }),
    responses: {
      [success]: {
        description: 'Done.',
        ...contentOf(route),
      },
      default: {
        description: 'Problem Details.',
        content: { 'application/problem+json': { schema: { type: 'object' } } },
      },
    },
  };
}

/** Parameters by the names of columns, which are not known here. */
const EQUALITIES = {
  name: 'equals',
  in: 'query',
  required: false,
  style: 'form',
  explode: true,
  description: 'A column and the value that it must have; given again, one of its values.',
  schema: { type: 'object', additionalProperties: { type: 'string' } },
};

function contentOf({ response, success }: Described): { readonly content?: unknown } {
  if (success !== undefined) {
    return { content: Object.fromEntries(success.types.map((type) => [type, {}])) };
  }
  if (response === undefined) return {};
  return { content: { 'application/json': { schema: jsonSchema(response) } } };
}

function jsonSchema(schema: z.ZodType, io: 'input' | 'output' = 'output'): unknown {
  return z.toJSONSchema(schema, { io, unrepresentable: 'any' });
}

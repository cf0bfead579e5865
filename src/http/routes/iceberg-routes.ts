/**
 * Apache Iceberg's REST catalogue of the lake's tables, to be read only: for engines that find tables so. It hands out
 * no rights to files; who reads the lake has them already.
 */
import { z } from 'zod';
import { NAMESPACE } from '../../domain/lake/catalogue-names.ts';
import type { IcebergDesk } from '../iceberg/iceberg-desk.ts';
import { ICEBERG_ROOT, icebergError } from '../iceberg/iceberg-error.ts';
import { readRequest } from '../read-request.ts';
import type { Answer, Asked, Route } from '../route.ts';

const V1 = `${ICEBERG_ROOT}/v1`;
const NAMESPACES = `${V1}/namespaces`;
const TABLES = `${NAMESPACES}/:namespace/tables`;

/** Clients add parameters of their own: what is not known here changes no answer. */
const parentQuery = z.looseObject({
  parent: z
    .string()
    .optional()
    .meta({ description: 'Namespaces within this one: there are none.' }),
});
const snapshotsQuery = z.looseObject({
  snapshots: z
    .enum(['all', 'refs'])
    .default('all')
    .meta({ description: 'All that the table keeps, or the current one alone.' }),
});

const ROUTES: readonly (Pick<Route, 'method' | 'summary' | 'query'> & {
  readonly path: string;
  readonly answer: (desk: IcebergDesk, asked: Asked) => Answer | Promise<Answer>;
})[] = [
  {
    method: 'GET',
    path: `${V1}/config`,
    summary: 'What a client of the Iceberg catalogue may ask of it.',
    answer: () => ({ status: 200, body: { defaults: {}, overrides: {}, endpoints: ENDPOINTS } }),
  },
  {
    method: 'GET',
    path: NAMESPACES,
    summary: `The namespaces of the Iceberg catalogue: ${NAMESPACE}.`,
    query: parentQuery,
    answer: (_desk, { query }) => {
      const { parent } = readRequest(parentQuery, query);
      if (parent === undefined || parent === '') {
        return { status: 200, body: { namespaces: [[NAMESPACE]] } };
      }
      return parent === NAMESPACE ? { status: 200, body: { namespaces: [] } } : noNamespace(parent);
    },
  },
  {
    method: 'GET',
    path: `${NAMESPACES}/:namespace`,
    summary: 'Whether there is such a namespace.',
    answer: (_desk, { params }) =>
      inNamespace(params, () => ({
        status: 200,
        body: { namespace: [NAMESPACE], properties: {} },
      })),
  },
  {
    method: 'HEAD',
    path: `${NAMESPACES}/:namespace`,
    summary: 'Whether there is such a namespace.',
    answer: (_desk, { params }) => inNamespace(params, () => ({ status: 204 })),
  },
  {
    method: 'GET',
    path: TABLES,
    summary: 'The datasets that are Iceberg tables.',
    answer: (desk, { params }) =>
      inNamespace(params, async () => {
        const names = await desk.listTables();
        const identifiers = names.map((name) => ({ namespace: [NAMESPACE], name }));
        return { status: 200, body: { identifiers } };
      }),
  },
  {
    method: 'GET',
    path: `${TABLES}/:table`,
    summary:
      'The table as of this instant: a row is in it exactly when PostgreSQL has it no longer. With If-None-Match, 304 where it is as it was.',
    query: snapshotsQuery,
    answer: (desk, asked) => {
      const { snapshots } = readRequest(snapshotsQuery, asked.query);
      return ofTable(desk, asked.params, ({ location, metadata }) => {
        const etag = `"${snapshots}-${location.slice(location.lastIndexOf('/') + 1)}"`;
        if (asked.ifNoneMatch === etag) return { status: 304, headers: { etag } };
        const shown = snapshots === 'all' ? metadata : onlyCurrent(metadata);
        const body = { 'metadata-location': location, metadata: shown, config: {} };
        return { status: 200, body, headers: { etag } };
      });
    },
  },
  {
    method: 'HEAD',
    path: `${TABLES}/:table`,
    summary: 'Whether the dataset is an Iceberg table.',
    answer: (desk, { params }) => ofTable(desk, params, () => ({ status: 204 })),
  },
];

/** With these a client asks for nothing else: no views, and it posts no metrics. */
const ENDPOINTS = ROUTES.slice(1).map(
  ({ method, path }) =>
    `${method} ${path
      .replace(ICEBERG_ROOT, '')
      .replace('/v1/', '/v1/{prefix}/')
      .replaceAll(/:(\w+)/g, '{$1}')}`,
);

export function icebergRoutes(desk: IcebergDesk): readonly Route[] {
  return [
    ...ROUTES.map(
      ({ path, answer, ...route }): Route => ({
        ...route,
        url: path,
        scope: 'query',
        answer: (asked) => answer(desk, asked),
      }),
    ),
    {
      method: 'POST',
      url: `${TABLES}/:table/metrics`,
      scope: 'query',
      summary: 'Takes what a client measured, and keeps nothing of it.',
      query: z.looseObject({}),
      body: z.unknown(),
      success: { status: 204, types: [] },
      answer: () => ({ status: 204 }),
    },
  ];
}

type Params = Asked['params'];

function inNamespace(
  { namespace = '' }: Params,
  answer: () => Answer | Promise<Answer>,
): Answer | Promise<Answer> {
  return namespace === NAMESPACE ? answer() : noNamespace(namespace);
}

async function ofTable(
  desk: IcebergDesk,
  { namespace = '', table = '' }: Params,
  answer: (found: NonNullable<Awaited<ReturnType<IcebergDesk['readTable']>>>) => Answer,
): Promise<Answer> {
  // PostgreSQL has no name with a zero byte in it, and refuses to be asked for one.
  const canBe = namespace === NAMESPACE && !table.includes('\0');
  const found = canBe ? await desk.readTable(table) : null;
  if (found !== null) return answer(found);
  // Also where the namespace is missing: clients look for a table's own tables by names that have more parts.
  const message = `Table does not exist: ${namespace.replaceAll(PART_END, '.')}.${table}`;
  return { status: 404, body: icebergError(404, message, 'NoSuchTableException') };
}

/** Between the parts of a namespace's name. */
const PART_END = '\u001F';

function noNamespace(name: string): Answer {
  const message = `Namespace does not exist: ${name.replaceAll(PART_END, '.')}`;
  return { status: 404, body: icebergError(404, message, 'NoSuchNamespaceException') };
}

/** A client that asks so reads the others when it travels back to them. */
function onlyCurrent(metadata: Readonly<Record<string, unknown>>): unknown {
  const current = metadata['current-snapshot-id'];
  const snapshots = metadata['snapshots'];
  if (!Array.isArray(snapshots)) return metadata;
  const kept = (snapshots as readonly Readonly<Record<string, unknown>>[]).filter(
    (one) => one['snapshot-id'] === current,
  );
  return { ...metadata, snapshots: kept };
}

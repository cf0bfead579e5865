/** All routes. A new one is added to the group that it belongs to, or as a group of its own. */
import type { DaemonControl, DaemonView } from '../daemon/view.ts';
import type { Clock } from '../domain/time/clock.ts';
import type { Tokens } from './admission.ts';
import type { IcebergDesk } from './iceberg/iceberg-desk.ts';
import { openApiDocument } from './openapi.ts';
import type { PageAsset } from './page-assets.ts';
import type { QueryDesk } from './queries/query-desk.ts';
import type { Route } from './route.ts';
import { controlRoutes } from './routes/control-routes.ts';
import { datasetRoutes } from './routes/datasets/dataset-routes.ts';
import { dryRunRoutes } from './routes/dry-run-routes.ts';
import { icebergRoutes } from './routes/iceberg-routes.ts';
import { pageRoutes } from './routes/page-routes.ts';
import { pauseRoutes } from './routes/pause-routes.ts';
import { probeRoutes } from './routes/probe-routes.ts';
import { queryRoutes } from './routes/query-routes.ts';
import { statusRoutes } from './routes/status-routes.ts';
import { surveyRoutes } from './routes/survey-routes.ts';

export function routesOf(parts: {
  readonly view: DaemonView;
  readonly control: DaemonControl;
  readonly tokens: Tokens;
  readonly page: readonly PageAsset[];
  readonly queries: QueryDesk;
  readonly iceberg: IcebergDesk;
  readonly clock: Clock;
}): readonly Route[] {
  const { view, control, tokens, page, queries, iceberg, clock } = parts;
  const routes = [
    ...probeRoutes(view),
    ...statusRoutes(view, queries.gate),
    ...dryRunRoutes(view),
    ...surveyRoutes(view, clock),
    ...controlRoutes(view, control),
    ...pauseRoutes(view, control),
    ...queryRoutes(queries),
    ...datasetRoutes(queries),
    ...icebergRoutes(iceberg),
    ...pageRoutes(page, tokens),
  ];
  const described: Route = {
    method: 'GET',
    url: '/openapi.json',
    scope: 'open',
    summary: 'This description.',
    answer: () => ({
      status: 200,
      body: openApiDocument(
        view.version,
        [...routes, described].filter(({ isFile }) => isFile !== true),
      ),
    }),
  };
  return [...routes, described];
}

/** All routes. A new one is added to the group that it belongs to, or as a group of its own. */
import type { DaemonControl, DaemonView } from '../daemon/view.ts';
import type { Clock } from '../domain/clock.ts';
import { openApiDocument } from './openapi.ts';
import type { Route } from './route.ts';
import { controlRoutes } from './routes/control-routes.ts';
import { probeRoutes } from './routes/probe-routes.ts';
import { statusRoutes } from './routes/status-routes.ts';
import { surveyRoutes } from './routes/survey-routes.ts';

export function routesOf(view: DaemonView, control: DaemonControl, clock: Clock): readonly Route[] {
  const routes = [
    ...probeRoutes(view),
    ...statusRoutes(view),
    ...surveyRoutes(view, clock),
    ...controlRoutes(view, control),
  ];
  const described: Route = {
    method: 'GET',
    url: '/openapi.json',
    scope: 'open',
    summary: 'This description.',
    answer: () => ({ status: 200, body: openApiDocument(view.version, [...routes, described]) }),
  };
  return [...routes, described];
}

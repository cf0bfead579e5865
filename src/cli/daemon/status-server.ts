/** Opens the status page beside the daemon, where the configuration wants one. */
import { join } from 'node:path';
import type { TierdConfig } from '../../config/load.ts';
import type { Dispatch } from '../../daemon/job.ts';
import type { Outages } from '../../daemon/outages.ts';
import { missingParts, type ReadinessOptions } from '../../daemon/readiness.ts';
import { SurveyLoop } from '../../daemon/survey-loop.ts';
import type { DaemonControl, DaemonView } from '../../daemon/view.ts';
import { TierdError } from '../../domain/errors.ts';
import type { Clock } from '../../domain/time/clock.ts';
import { withClient } from '../../hot/server/connect.ts';
import { readPageAssets } from '../../http/page-assets.ts';
import { createServer } from '../../http/server.ts';
import { listPastRuns } from '../../ledger/run-history.ts';
import type { CliContext } from '../context.ts';
import { runDocument } from '../reports/run-document.ts';
import { icebergDesk } from './iceberg-desk.ts';
import type { OpenQueries } from './queries.ts';
import { connectForDaemon } from './take-lead.ts';

/** Where the build puts it, beside the server. */
const PAGE = join(import.meta.dirname, '..', '..', 'http', 'page');

/** Longer than a connection may take, so that who does not answer is named. */
const SURVEY_LIMIT_MS = 15_000;

export interface OpenServer {
  /** Something is new in the ledger: has the stores looked at now. */
  survey(): void;
  /** Somebody could not use the lake: the same, and of the lake too. */
  lookAtLake(): void;
  close(): Promise<void>;
}

/** Throws SERVER_NOT_OPENED when the address is taken or not this machine's. */
export async function openStatusServer(
  context: CliContext,
  config: () => TierdConfig,
  queries: OpenQueries,
  daemon: Pick<DaemonView, 'version' | 'state' | 'datasets' | 'dryRuns'> & {
    readonly dispatch: Dispatch;
    readonly outages: Outages;
  },
  control: DaemonControl,
): Promise<OpenServer | null> {
  const { server: settings } = config();
  if (settings === undefined) return null;
  const { logger, clock } = context;
  const { version, state, datasets, dryRuns, dispatch, outages } = daemon;
  const everyMs = settings.surveyIntervalMs;
  const { composeSurvey } = await import('./survey-parts.ts');
  const survey = composeSurvey(clock, config, () => state().survey);
  const server = createServer({
    queries: queries.desk,
    iceberg: icebergDesk(() => connectForDaemon(config())),
    view: {
      version,
      state,
      datasets,
      dryRuns,
      readRuns: (filter) => readRuns(config(), filter),
      readCalendar: survey.readCalendar,
      readMoved: survey.readMoved,
      missing: () => missingParts(state(), readinessOptions(config(), clock, everyMs)),
    },
    control,
    tokens: {
      status: settings.statusToken,
      query: settings.queryToken,
      control: settings.controlToken,
    },
    page: readPageAssets(PAGE),
    requestsPerMinute: settings.requestsPerMinute,
    clock,
    onError: (error) => {
      logger.error({ err: error }, 'the status page failed');
    },
    onWrongToken: (found) => {
      logger.warn({}, found);
    },
  });
  const { host, port } = settings;
  try {
    const address = await server.listen({ host, port });
    logger.info({}, `the status page is at ${address}/`);
  } catch (cause) {
    throw new TierdError({
      code: 'SERVER_NOT_OPENED',
      message: `the status page could not be opened at ${host}:${String(port)} (${(cause as NodeJS.ErrnoException).code ?? 'unknown'}); nothing was started`,
      hint: 'choose another server.port or server.host, or end what listens there',
      context: { host, port },
      cause,
    });
  }
  const closing = new AbortController();
  const loop = new SurveyLoop({
    take: survey.take,
    everyMs,
    limitMs: SURVEY_LIMIT_MS,
    dispatch,
    logger,
    outages,
  });
  const surveying = loop.run(closing.signal);
  return {
    survey: () => {
      survey.noteLedgerNews();
      loop.soon();
    },
    lookAtLake: () => {
      survey.noteLakeNews();
      loop.soon();
    },
    close: async () => {
      closing.abort();
      await server.close();
      await surveying;
    },
  };
}

function readinessOptions({ drain }: TierdConfig, clock: Clock, everyMs: number): ReadinessOptions {
  return {
    now: clock.now(),
    maxSurveyAgeMs: 2 * (everyMs + SURVEY_LIMIT_MS),
    needsLive: drain.sources.some((source) => source.enabled),
  };
}

async function readRuns(
  config: TierdConfig,
  filter: { readonly job: string | null; readonly limit: number },
): Promise<readonly unknown[]> {
  return withClient(
    () => connectForDaemon(config),
    async (db) => (await listPastRuns(db, filter)).map(runDocument),
  );
}

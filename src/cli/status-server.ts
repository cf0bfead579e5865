/** Opens the status page beside the daemon, where the configuration wants one. */
import { join } from 'node:path';
import type { TierdConfig } from '../config/load.ts';
import type { DaemonControl, DaemonView } from '../daemon/view.ts';
import { TierdError } from '../domain/errors.ts';
import { disconnect } from '../hot/connect.ts';
import { readPageAssets } from '../http/page-assets.ts';
import { createServer } from '../http/server.ts';
import { listJobRuns } from '../ledger/job-runs.ts';
import type { CliContext } from './context.ts';
import { runDocument } from './jobs.ts';
import { connectForDaemon } from './take-lead.ts';

/** Where the build puts it, beside the server. */
const PAGE = join(import.meta.dirname, '..', 'http', 'page');

export interface OpenServer {
  close(): Promise<void>;
}

/** Throws SERVER_NOT_OPENED when the address is taken or not this machine's. */
export async function openStatusServer(
  context: CliContext,
  config: () => TierdConfig,
  view: Omit<DaemonView, 'readRuns'>,
  control: DaemonControl,
): Promise<OpenServer | null> {
  const { server: settings } = config();
  if (settings === undefined) return null;
  const { logger, clock } = context;
  const server = createServer({
    view: { ...view, readRuns: (filter) => readRuns(config(), filter) },
    control,
    tokens: { status: settings.statusToken, control: settings.controlToken },
    page: readPageAssets(PAGE),
    requestsPerMinute: settings.requestsPerMinute,
    clock,
    onError: (error) => {
      logger.error({ err: error }, 'the status page failed');
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
  return {
    close: async () => {
      await server.close();
    },
  };
}

async function readRuns(
  config: TierdConfig,
  filter: { readonly job: string | null; readonly limit: number },
): Promise<readonly unknown[]> {
  const db = await connectForDaemon(config);
  try {
    return (await listJobRuns(db, filter)).map(runDocument);
  } finally {
    await disconnect(db);
  }
}

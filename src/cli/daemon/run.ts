/**
 * `tierd run`, wired: one configuration, which a reload replaces; one state, which events change; the
 * daemon, and whoever looks at it.
 */
import { randomBytes, randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { checkExposedSecrets } from '../../config/exposed-secrets.ts';
import type { TierdConfig } from '../../config/load.ts';
import { storeFactsOf } from '../../daemon/alerts/store-facts.ts';
import { Daemon } from '../../daemon/daemon.ts';
import { DryRuns } from '../../daemon/dry-runs.ts';
import type { Dispatch, JobDefinition } from '../../daemon/job.ts';
import type { JobHooks, JobProcess } from '../../daemon/job-process.ts';
import { Outages } from '../../daemon/outages.ts';
import { reduce } from '../../daemon/reduce-state.ts';
import { createNotifier, type ServiceNotifier } from '../../daemon/service-notify.ts';
import { type DaemonState, initialState } from '../../daemon/state.ts';
import type { CliContext } from '../context.ts';
import { readVersion } from '../version.ts';
import { type DaemonAlerts, openAlerts } from './alerts.ts';
import { controlOf } from './control.ts';
import { factsOf, jobsOf } from './jobs.ts';
import { type OpenFace, openPostgresFace } from './postgres-face.ts';
import { runShutdownHooks, startTierdJob } from './processes.ts';
import { openQueries } from './queries.ts';
import { onHangup } from './reload.ts';
import { type OpenServer, openStatusServer } from './status-server.ts';
import { takeLead } from './take-lead.ts';
import { watchPauses } from './watch-pauses.ts';

/** A standby takes over at most this share of the lease's time after it has ended. */
const POLLS_PER_LEASE = 4;

/** What all parts share. */
interface Common {
  readonly context: CliContext;
  /** As it is now. */
  readonly config: () => TierdConfig;
  readonly state: () => DaemonState;
  readonly dispatch: Dispatch;
  readonly outages: Outages;
  readonly start: (
    command: Pick<JobDefinition, 'argv' | 'timeoutMs'>,
    hooks: JobHooks,
  ) => JobProcess;
}

/** Comes back when it was asked to stop and everything has ended. */
export async function runDaemon(context: CliContext): Promise<void> {
  const { clock, logger } = context;
  let config = context.loadConfig();
  let server: OpenServer | null = null;
  const { dispatch, state, alerts } = openState(
    context,
    () => config,
    () => server?.survey(),
    () => server?.lookAtLake(),
  );
  const common: Common = {
    context,
    config: () => config,
    state,
    dispatch,
    outages: new Outages(clock, logger),
    start: ({ argv, timeoutMs }, hooks) => startTierdJob(config, context, argv, timeoutMs, hooks),
  };
  const notifier = createNotifier({
    env: context.env,
    logger,
    monotonicUs: () => process.hrtime.bigint() / 1000n,
  });
  logger.info(
    { holder: state().holder },
    `tierd runs ${listJobs(state())} for the owner ${state().owner}`,
  );
  for (const { found, advice } of checkExposedSecrets(config, context.env)) {
    logger.warn({ advice }, found);
  }
  const daemon = createDaemon(common, notifier);
  const queries = openQueries(context, common.config);
  let face: OpenFace | null = null;
  const stopListening = onHangup(context, {
    current: () => config,
    notifier,
    accept: (next) => {
      config = next;
      const jobs = jobsOf(next);
      dispatch({ kind: 'reloaded', atMs: clock.now(), jobs: jobs.map(factsOf) });
      daemon.redefine(jobs);
      queries.reloaded();
      face?.reloaded();
      return listJobs(state());
    },
    refuse: (error) => dispatch({ kind: 'reload_refused', error }),
  });
  const { start } = common;
  const dryRuns = new DryRuns({ clock, logger, newId: randomUUID, start });
  const pauses = watchPauses(common.config, (found) => {
    dispatch({ kind: 'pauses', pauses: found });
    daemon.setPaused(new Set(Object.keys(found.jobs)));
  });
  server = await openStatusServer(
    context,
    common.config,
    queries,
    {
      version: readVersion(),
      state,
      dispatch,
      outages: common.outages,
      datasets: () => config.datasets.map(({ name }) => name),
      dryRuns: () => dryRuns.list(),
    },
    controlOf(common.config, daemon, dryRuns, pauses),
  );
  face = await openPostgresFace(context, common.config, queries);
  try {
    await daemon.run(context.signal);
  } finally {
    stopListening();
    await dryRuns.stop();
    await pauses.close();
    await alerts.close();
    await queries.close();
    await face?.close();
    await server?.close();
  }
}

/** The state, and the alerts, which are a part of it and watch it. */
function openState(
  context: CliContext,
  config: () => TierdConfig,
  survey: () => void,
  lookAtLake: () => void,
): {
  readonly state: () => DaemonState;
  readonly dispatch: Dispatch;
  readonly alerts: DaemonAlerts;
} {
  const { daemon, file } = config();
  let state = initialState({
    owner: daemon.owner,
    // A pid alone is used again, in containers always by the same program.
    holder: `${hostname()}:${String(process.pid)}:${randomBytes(3).toString('hex')}`,
    nowMs: context.clock.now(),
    configFile: file,
    jobs: jobsOf(config()).map(factsOf),
  });
  const alerts = openAlerts(
    context,
    config,
    () => state,
    (now) => {
      state = reduce(state, { kind: 'alerts', alerts: now });
    },
  );
  return {
    state: () => state,
    dispatch: (event) => {
      state = reduce(state, event);
      if (event.kind === 'finished') {
        // Of two ends within one look the first would be missed.
        alerts.look();
        // What it found or moved is in the ledger, and told by whoever looks there.
        if (/^(scrub|rotate|backup-\w+)(:|$)/.test(event.job)) survey();
      }
      // Of a bucket that was well it is else known up to `lake.look_interval` later.
      if (event.kind === 'attempt_over' && event.errorCode?.startsWith('LAKE_') === true) {
        lookAtLake();
      }
      if (event.kind === 'surveyed') alerts.setStores(storeFactsOf(event.survey));
    },
    alerts,
  };
}

function createDaemon(common: Common, notifier: ServiceNotifier): Daemon {
  const { context, config, dispatch, outages, start, state } = common;
  const { clock, logger } = context;
  const { daemon: settings } = config();
  return new Daemon(jobsOf(config()), {
    clock,
    logger,
    notifier,
    random: Math.random,
    dispatch,
    outages,
    start,
    takeLead: (signal) => takeLead(config(), state().holder, signal),
    runHooks: (signal) => runShutdownHooks(config(), context, logger, signal),
    pollMs: settings.leaseTtlMs / POLLS_PER_LEASE,
    shutdownTimeoutMs: settings.shutdownTimeoutMs,
  });
}

function listJobs({ jobs }: DaemonState): string {
  return Object.keys(jobs).join(', ') || 'no job';
}

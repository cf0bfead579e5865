import { randomBytes, randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import type { Command } from 'commander';
import type { TierdConfig } from '../config/load.ts';
import type { DaemonEvent } from '../daemon/state.ts';
import type { CliContext } from './context.ts';
import { readVersion } from './version.ts';

export function registerRun(program: Command, context: CliContext): void {
  program
    .command('run')
    .description('the daemon: run every job on its schedule, or stand by while another does')
    .addHelpText(
      'after',
      `
Signals:
  SIGTERM, SIGINT  stop: jobs end their step or roll it back; a second one stops at once
  SIGHUP           read the configuration again; one with a problem changes nothing

Example:
  $ tierd run --config /etc/tierd/unified_config.yaml`,
    )
    .action(() => runDaemon(context));
}

/** A standby takes over at most this share of the lease's time after it has ended. */
const POLLS_PER_LEASE = 4;

async function runDaemon(context: CliContext): Promise<void> {
  const first = context.loadConfig();
  const { Daemon } = await import('../daemon/daemon.ts');
  const { storeFactsOf } = await import('../daemon/alerts/store-facts.ts');
  const { createNotifier } = await import('../daemon/service-notify.ts');
  const { initialState, reduce } = await import('../daemon/state.ts');
  const { runShutdownHooks, startTierdJob } = await import('./daemon/processes.ts');
  const { factsOf, jobsOf } = await import('./daemon/jobs.ts');
  const { onHangup } = await import('./daemon/reload.ts');
  const { openStatusServer } = await import('./daemon/status-server.ts');
  const { openAlerts } = await import('./daemon/alerts.ts');
  const { watchPauses } = await import('./daemon/watch-pauses.ts');
  const { DryRuns } = await import('../daemon/dry-runs.ts');
  const { controlOf } = await import('./daemon/control.ts');
  const { takeLead } = await import('./daemon/take-lead.ts');
  const { clock, logger } = context;
  let config: TierdConfig = first;
  // A pid alone is used again, in containers always by the same program.
  const holder = `${hostname()}:${String(process.pid)}:${randomBytes(3).toString('hex')}`;
  const definitions = jobsOf(first);
  let state = initialState({
    owner: first.daemon.owner,
    holder,
    nowMs: clock.now(),
    configFile: first.file,
    jobs: definitions.map(factsOf),
  });
  const notifier = createNotifier({
    env: context.env,
    logger,
    monotonicUs: () => process.hrtime.bigint() / 1000n,
  });
  logger.info({ holder }, `tierd runs ${describe(state.jobs)} for the owner ${state.owner}`);

  const alerts = openAlerts(
    context,
    () => config,
    () => state,
    (now) => {
      state = reduce(state, { kind: 'alerts', alerts: now });
    },
  );
  const dispatch = (event: DaemonEvent): void => {
    state = reduce(state, event);
    // Of two ends within one look the first would be missed.
    if (event.kind === 'finished') alerts.look();
    if (event.kind === 'surveyed') alerts.setStores(storeFactsOf(event.survey));
  };
  const daemon = new Daemon(definitions, {
    clock,
    logger,
    notifier,
    random: Math.random,
    dispatch,
    start: ({ argv, timeoutMs }, hooks) => startTierdJob(config, context, argv, timeoutMs, hooks),
    takeLead: (signal) => takeLead(config, holder, signal),
    runHooks: (signal) => runShutdownHooks(config, context, logger, signal),
    pollMs: first.daemon.leaseTtlMs / POLLS_PER_LEASE,
    shutdownTimeoutMs: first.daemon.shutdownTimeoutMs,
  });
  const stopListening = onHangup(context, {
    current: () => config,
    notifier,
    accept: (next) => {
      config = next;
      const jobs = jobsOf(next);
      state = reduce(state, { kind: 'reloaded', atMs: clock.now(), jobs: jobs.map(factsOf) });
      daemon.redefine(jobs);
      return describe(state.jobs);
    },
    refuse: (error) => {
      state = reduce(state, { kind: 'reload_refused', error });
    },
  });
  const dryRuns = new DryRuns({
    clock,
    logger,
    newId: randomUUID,
    start: ({ argv, timeoutMs }, hooks) => startTierdJob(config, context, argv, timeoutMs, hooks),
  });
  const pauses = watchPauses(
    () => config,
    (found) => {
      state = reduce(state, { kind: 'pauses', pauses: found });
      daemon.setPaused(new Set(Object.keys(found.jobs)));
    },
  );
  const server = await openStatusServer(
    context,
    () => config,
    {
      version: readVersion(),
      state: () => state,
      dispatch,
      datasets: () => config.datasets.map(({ name }) => name),
      dryRuns: () => dryRuns.list(),
    },
    controlOf(() => config, daemon, dryRuns, pauses),
  );
  try {
    await daemon.run(context.signal);
  } finally {
    stopListening();
    await dryRuns.stop();
    await pauses.close();
    await alerts.close();
    await server?.close();
  }
}

function describe(jobs: Readonly<Record<string, unknown>>): string {
  return Object.keys(jobs).join(', ') || 'no job';
}

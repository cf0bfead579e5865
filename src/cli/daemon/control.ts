/** What the status page may ask of the daemon, put together from those who do it. */
import type { TierdConfig } from '../../config/load.ts';
import type { Daemon } from '../../daemon/daemon.ts';
import type { DryRuns } from '../../daemon/dry-runs.ts';
import type { DaemonControl } from '../../daemon/view.ts';
import { jobsOf } from './jobs.ts';
import type { PauseWatch } from './watch-pauses.ts';

export function controlOf(
  config: () => TierdConfig,
  daemon: Daemon,
  dryRuns: DryRuns,
  pauses: PauseWatch,
): DaemonControl {
  return {
    run: (job) => daemon.fire(job),
    cancel: (job) => daemon.cancel(job),
    dryRun: (job) => {
      const definition = jobsOf(config()).find(({ name }) => name === job);
      return definition === undefined ? null : dryRuns.begin(definition);
    },
    pause: (target, by) => pauses.pause(target, by),
    resume: (target) => pauses.resume(target),
  };
}

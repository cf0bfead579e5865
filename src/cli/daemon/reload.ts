/** SIGHUP: the whole file is read and checked, then takes effect at once, or not at all. */
import { isDeepStrictEqual } from 'node:util';
import { loadConfig, type TierdConfig } from '../../config/load.ts';
import type { ServiceNotifier } from '../../daemon/service-notify.ts';
import { TierdError } from '../../domain/errors.ts';
import { formatProblem, type Problem } from '../../domain/problem.ts';
import type { CliContext } from '../context.ts';
import { asTierdError } from '../terminal/errors.ts';

export interface Reloaded {
  readonly current: () => TierdConfig;
  readonly notifier: ServiceNotifier;
  /** @returns what runs from here on, for the log. */
  readonly accept: (config: TierdConfig) => string;
  readonly refuse: (error: string) => void;
}

/** @returns what ends the listening. */
export function onHangup(context: CliContext, target: Reloaded): () => void {
  const { logger } = context;
  const reload = (): void => {
    target.notifier.reloading();
    try {
      const next = readAgain(context, target.current());
      logger.info({}, `read the configuration again: ${target.accept(next)}`);
    } catch (thrown) {
      const error = asTierdError(thrown);
      target.refuse(error.message);
      logger.error({}, `the configuration stays as it was: ${error.message}`);
      for (const problem of problemsOf(error)) logger.error({}, formatProblem(problem));
    }
    target.notifier.ready();
  };
  process.on('SIGHUP', reload);
  return () => process.off('SIGHUP', reload);
}

function readAgain(context: CliContext, current: TierdConfig): TierdConfig {
  const { env, workingDirectory } = context;
  const next = loadConfig({ file: current.file, env, workingDirectory });
  const fixed = ['owner', 'leaseTtlMs', 'shutdownTimeoutMs'] as const;
  const changed = fixed.filter((key) => next.daemon[key] !== current.daemon[key]);
  if (changed.length > 0 || !isDeepStrictEqual(next.server, current.server)) {
    throw new TierdError({
      code: 'CONFIG_INVALID',
      message:
        'the section server and daemon.owner, lease_ttl and shutdown_timeout hold until the daemon is started anew',
      hint: 'restart tierd for these',
    });
  }
  return next;
}

function problemsOf(error: TierdError): readonly Problem[] {
  const { problems } = error.context;
  return Array.isArray(problems) ? (problems as readonly Problem[]) : [];
}

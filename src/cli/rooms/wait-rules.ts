import type { TierdConfig } from '../../config/load.ts';
import type { WaitRules } from '../../hot/server/standby-wait.ts';
import type { CliContext } from '../context.ts';

/** Who waits in a COMMIT has the lease's row locked: it must be over while the lease can be renewed. */
const WAITS_PER_LEASE = 3;

/** How long a command of ours waits for a synchronous standby, and who hears of it. */
export function waitRules(
  { daemon }: TierdConfig,
  { signal, logger }: Pick<CliContext, 'signal' | 'logger'>,
): WaitRules {
  return {
    limitMs: daemon.leaseTtlMs / WAITS_PER_LEASE,
    signal,
    tell: (text) => {
      logger.warn(text);
    },
  };
}

/** A run in the log: its start, its end, and what its process says. */
import type { DaemonLogger } from './job.ts';
import type { JobResult } from './job-result.ts';
import type { Outages } from './outages.ts';
import type { Cause, LastRun } from './state.ts';

const CAUSES: Readonly<Record<Cause, string>> = {
  schedule: 'on schedule',
  catch_up: 'to make up for a run that was missed',
  manual: 'asked for',
  loop: 'and goes on until stopped',
};

export function tellStart(logger: DaemonLogger, job: string, run: string, cause: Cause): void {
  logger.info({ job, run }, `${job}: started (${CAUSES[cause]})`);
}

/** Says how a run ended; what needs a person is an error. */
export function tellEnd(logger: DaemonLogger, job: string, last: LastRun, result: JobResult): void {
  const took = inSeconds(last.finishedAtMs - last.startedAtMs);
  const figures = {
    job,
    run: last.runId,
    ...(result.rowsMoved === null ? {} : { rows: result.rowsMoved }),
    ...(last.attempts === 1 ? {} : { attempts: last.attempts }),
  };
  const text = `${job}: ${last.state.replaceAll('_', ' ')} after ${took}`;
  const reason = result.errorMessage === null ? '' : `: ${result.errorMessage}`;
  if (result.health === 'well') logger.info(figures, text);
  else if (result.health === 'unknown') logger.warn(figures, text + reason);
  else logger.error(figures, text + reason);
}

/**
 * A child logs JSON to its stderr; anything else there comes from a library or a crash. What it says
 * of a store that is away goes to `outages`, where all who look are heard.
 */
export function passOn(
  logger: DaemonLogger,
  job: string,
  line: string,
  outages: Outages | null = null,
): void {
  const record = parseRecord(line);
  if (record === null) {
    logger.warn({ job }, `${job}: ${line}`);
    return;
  }
  const { level, time: _, msg, outage, isOver, ...figures } = record;
  if (outages !== null && typeof outage === 'string') {
    outages.note(job, outage, isOver === true ? null : String(figures['reason'] ?? msg));
    return;
  }
  const text = typeof msg === 'string' ? msg : line;
  const at = level === 'debug' || level === 'warn' || level === 'error' ? level : 'info';
  logger[at]({ job, ...figures }, text);
}

function parseRecord(line: string): Record<string, unknown> | null {
  if (!line.startsWith('{')) return null;
  try {
    return JSON.parse(line) as Record<string, unknown>;
  } catch {
    return null;
  }
}

export function inSeconds(ms: number): string {
  return `${(Math.max(0, ms) / 1000).toFixed(1)} s`;
}

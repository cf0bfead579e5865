/** The schedules: what runs, what is next, how it went. */
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import type { JobDocument } from './documents.ts';
import { formatBytes, formatSeconds } from './format.ts';
import { Countdown, Elapsed, Moment } from './moment.tsx';
import { PauseButton } from './pause-button.tsx';
import { Progress } from './progress.tsx';
import { RunDialog } from './run-dialog.tsx';
import { RunState } from './run-state.tsx';
import { StopDialog } from './stop-dialog.tsx';
import { useSurroundings } from './surroundings.ts';

export function Jobs({ jobs }: { readonly jobs: readonly JobDocument[] }): JSX.Element {
  return (
    <section class="jobs" aria-labelledby="jobs">
      <h2 id="jobs">Schedules</h2>
      {jobs.length === 0 && <p class="quiet">No job is configured.</p>}
      <ul>
        {jobs.map((job) => (
          <Job key={job.job} job={job} />
        ))}
      </ul>
    </section>
  );
}

function Job({ job }: { readonly job: JobDocument }): JSX.Element {
  const { canControl, asOfMs } = useSurroundings();
  const [asking, setAsking] = useState<'run' | 'stop' | null>(null);
  const { running, paused } = job;
  const progress = running?.progress ?? null;
  const ask = (what: 'run' | 'stop'): void => {
    if (asOfMs === null) setAsking(what);
  };
  return (
    <li class={running === null ? '' : 'running'}>
      <h3>
        {job.job} <code class="quiet">{job.schedule}</code>
      </h3>
      <p class="next figures">
        <Next job={job} />
      </p>
      <p class="last">
        <Last job={job} />
      </p>
      {canControl && (
        <p class="commands">
          {running === null ? (
            <button
              type="button"
              aria-label={`Run now: ${job.job}`}
              aria-disabled={asOfMs !== null}
              onClick={() => ask('run')}
            >
              Run now
            </button>
          ) : (
            <button
              type="button"
              aria-label={`Stop ${job.job}`}
              aria-disabled={asOfMs !== null}
              onClick={() => ask('stop')}
            >
              Stop
            </button>
          )}
          <PauseButton target={{ kind: 'jobs', name: job.job }} isPaused={paused !== null} />
        </p>
      )}
      {progress !== null && <Progress job={job.job} progress={progress} />}
      {asking === 'run' && <RunDialog job={job} onClose={() => setAsking(null)} />}
      {asking === 'stop' && <StopDialog job={job.job} onClose={() => setAsking(null)} />}
    </li>
  );
}

function Next({ job }: { readonly job: JobDocument }): JSX.Element {
  const { asOfMs } = useSurroundings();
  const { running, paused, circuit, next_at: nextAt } = job;
  if (running !== null) {
    return (
      <strong class="accent">
        {asOfMs === null ? '▶ running' : 'was running'}{' '}
        {running.started_at !== null && <Elapsed since={running.started_at} />}
        {running.attempt > 1 && `, attempt ${String(running.attempt)}`}
      </strong>
    );
  }
  if (paused !== null) {
    return (
      <strong>
        ‖ paused <span class="quiet">by {paused.by}</span>
      </strong>
    );
  }
  if (circuit.state === 'open' && circuit.open_until !== null) {
    return (
      <strong class="failed">
        ✕ rests after {String(circuit.failures)} failures, tried{' '}
        <Countdown at={circuit.open_until} />
      </strong>
    );
  }
  if (job.is_queued) return <strong>queued</strong>;
  return nextAt === null ? <span class="quiet">not due here</span> : <Countdown at={nextAt} />;
}

function Last({ job: { last, running } }: { readonly job: JobDocument }): JSX.Element {
  if (running !== null) {
    return (
      <span class="quiet">
        {running.rss_bytes !== null && `${formatBytes(running.rss_bytes)} of memory`}
      </span>
    );
  }
  if (last === null) return <span class="quiet">has not run yet</span>;
  return (
    <>
      <RunState state={last.state} /> <Moment at={last.finished_at} />
      {last.started_at !== null && last.finished_at !== null && (
        <span class="quiet">
          {' '}
          in {formatSeconds((Date.parse(last.finished_at) - Date.parse(last.started_at)) / 1000)}
        </span>
      )}
      {last.error_message !== null && (
        <span class="problem" title={last.error_message}>
          {' '}
          {last.error_message}
        </span>
      )}
    </>
  );
}

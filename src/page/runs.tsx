/** What ran, the newest first. */
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import type { JobDocument, RunDocument, RunsDocument } from './documents.ts';
import { formatCount, formatSeconds, formatShort, UNKNOWN } from './format.ts';
import { Elapsed, Moment } from './moment.tsx';
import { usePolled } from './polling.ts';
import { RunState } from './run-state.tsx';

const RUNS_MS = 30_000;
const SHOWN = 50;

export function Runs(props: {
  readonly jobs: readonly JobDocument[];
  readonly since: string;
}): JSX.Element {
  const [job, setJob] = useState('');
  const query = new URLSearchParams({ limit: String(SHOWN), ...(job === '' ? {} : { job }) });
  const { value, problem } = usePolled<RunsDocument>(
    `/v1/runs?${query.toString()}`,
    RUNS_MS,
    props.since,
  );
  return (
    <section class="runs" aria-labelledby="runs">
      <div class="heading">
        <h2 id="runs">Runs</h2>
        <select
          aria-label="Runs of which job"
          value={job}
          onChange={(event) => setJob(event.currentTarget.value)}
        >
          <option value="">all jobs</option>
          {props.jobs.map(({ job: name }) => (
            <option key={name} value={name}>
              {name}
            </option>
          ))}
        </select>
        <span class="quiet">the newest {String(SHOWN)}, times in UTC</span>
      </div>
      {problem !== null && <p class="problem">{problem}</p>}
      {value === null && problem === null && <p class="quiet">They are asked for …</p>}
      {value !== null && value.runs.length === 0 && <p class="quiet">There was none yet.</p>}
      {value !== null && value.runs.length > 0 && (
        <table>
          <thead>
            <tr>
              <th scope="col">started</th>
              <th scope="col">job</th>
              <th scope="col" class="wide-only">
                cause
              </th>
              <th scope="col">ended</th>
              <th scope="col" class="number wide-only">
                took
              </th>
              <th scope="col" class="number">
                rows
              </th>
            </tr>
          </thead>
          <tbody>
            {value.runs.map((run) => (
              <Row key={run.id} run={run} />
            ))}
          </tbody>
        </table>
      )}
    </section>
  );
}

function Row({ run }: { readonly run: RunDocument }): JSX.Element {
  const took =
    run.finished_at === null ? (
      <Elapsed since={run.started_at} />
    ) : (
      formatSeconds((Date.parse(run.finished_at) - Date.parse(run.started_at)) / 1000)
    );
  return (
    <>
      <tr>
        <td class="figures">
          <Moment at={run.started_at} />
        </td>
        <th scope="row">
          {run.job}
          {run.cause === 'by_hand' && <span class="quiet"> {run.subject ?? 'all'} by hand</span>}
        </th>
        <td class="wide-only quiet">{run.cause.replaceAll('_', ' ')}</td>
        <td>
          <RunState state={run.state} />
          <span class="narrow-only quiet">
            {run.finished_at === null ? ' for ' : ' after '}
            {took}
          </span>
        </td>
        <td class="number wide-only">{took}</td>
        <td class="number">
          <span class="wide-only">{formatCount(run.rows_moved)}</span>
          <span class="narrow-only">
            {run.rows_moved === null ? UNKNOWN : formatShort(run.rows_moved)}
          </span>
        </td>
      </tr>
      {run.error_message !== null && (
        <tr class="error">
          <td colSpan={6}>
            <code>{run.error_code}</code> {run.error_message}
          </td>
        </tr>
      )}
    </>
  );
}

/** What ran, the newest first. */
import type { JSX } from 'preact';
import type { RunDocument, RunsDocument } from './documents.ts';
import { formatCount, formatSeconds } from './format.ts';
import { Elapsed, Moment } from './moment.tsx';
import { usePolled } from './polling.ts';
import { RunState } from './run-state.tsx';

const RUNS_MS = 30_000;

export function Runs({ since }: { readonly since: string }): JSX.Element {
  const { value, problem } = usePolled<RunsDocument>('/v1/runs?limit=10', RUNS_MS, since);
  return (
    <section class="runs" aria-labelledby="runs">
      <h2 id="runs">Runs</h2>
      {problem !== null && <p class="problem">{problem}</p>}
      {value === null && problem === null && <p class="quiet">They are asked for …</p>}
      {value !== null && value.runs.length === 0 && <p class="quiet">There was none yet.</p>}
      {value !== null && value.runs.length > 0 && (
        <table>
          <thead>
            <tr>
              <th scope="col">started (UTC)</th>
              <th scope="col">job</th>
              <th scope="col">ended</th>
              <th scope="col" class="number">
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
  return (
    <>
      <tr>
        <td class="figures">
          <Moment at={run.started_at} />
        </td>
        <th scope="row" title={run.cause.replaceAll('_', ' ')}>
          {run.job}
          {run.subject !== null && <span class="quiet"> {run.subject} by hand</span>}
        </th>
        <td>
          <RunState state={run.state} />
        </td>
        <td class="number">
          {run.finished_at === null ? (
            <Elapsed since={run.started_at} />
          ) : (
            formatSeconds((Date.parse(run.finished_at) - Date.parse(run.started_at)) / 1000)
          )}
        </td>
        <td class="number">{formatCount(run.rows_moved)}</td>
      </tr>
      {run.error_message !== null && (
        <tr class="error">
          <td colSpan={5}>
            <code>{run.error_code}</code> {run.error_message}
          </td>
        </tr>
      )}
    </>
  );
}

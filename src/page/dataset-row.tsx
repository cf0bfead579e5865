/** A dataset: a line of figures, and below it, when it is open, what is wrong and its days. */
import type { JSX } from 'preact';
import { useId } from 'preact/hooks';
import { Calendar } from './calendar.tsx';
import type { DatasetDocument, SourceDocument } from './documents.ts';
import { countOf, formatBytes, formatCount, formatDay, formatShort, UNKNOWN } from './format.ts';
import { LakeCare } from './lake-care.tsx';
import { useMedia } from './media.ts';
import { Moment } from './moment.tsx';
import { PauseButton } from './pause-button.tsx';
import { RunState } from './run-state.tsx';
import { SourceTable } from './sources.tsx';
import { hashOf } from './views.ts';

/** Columns that are not shown must not be spanned: they would take room. As in the style sheet. */
const WIDE = '(width >= 640px)';
const COLUMNS = { wide: 5, narrow: 3 };

export interface DatasetRowProps {
  readonly dataset: DatasetDocument;
  readonly pausedBy: string | null;
  /** What is drained into it. */
  readonly sources: readonly SourceDocument[];
  readonly isOpen: boolean;
}

export function DatasetRow(props: DatasetRowProps): JSX.Element {
  const { dataset, isOpen } = props;
  const { hot, cold, due } = dataset;
  const detailId = useId();
  const isWide = useMedia(WIDE);
  return (
    <>
      <tr class={isOpen ? 'open' : ''}>
        <th scope="row" class="dataset">
          <button
            type="button"
            class="disclose"
            aria-expanded={isOpen}
            aria-controls={isOpen ? detailId : undefined}
            onClick={() => {
              location.hash = hashOf({
                name: 'datasets',
                dataset: isOpen ? null : dataset.dataset,
              });
            }}
          >
            <span class="arrow" aria-hidden="true">
              {isOpen ? '▾' : '▸'}
            </span>
            {dataset.dataset}
          </button>{' '}
          <Marks {...props} />
        </th>
        <td class="number">
          {hot.rows_are_estimated && '≈ '}
          <Rows count={hot.rows} bytes={hot.bytes} />
        </td>
        <td class="number">
          <Rows count={cold.rows} bytes={cold.bytes} />
        </td>
        <td class="number wide-only">{formatCount(due?.rows ?? null)}</td>
        <td class="since wide-only figures">{formatDay(cold.oldest ?? hot.oldest)}</td>
      </tr>
      {isOpen && (
        <tr class="detail-row">
          <td colSpan={isWide ? COLUMNS.wide : COLUMNS.narrow} id={detailId}>
            <Detail {...props} />
          </td>
        </tr>
      )}
    </>
  );
}

/** To the row where there is room, else in short. */
function Rows(props: {
  readonly count: number | null;
  readonly bytes: number | null;
}): JSX.Element {
  const { count, bytes } = props;
  return (
    <>
      <span class="narrow-only">{count === null ? UNKNOWN : formatShort(count)}</span>
      <span class="wide-only">
        {formatCount(count)} <span class="quiet">{formatBytes(bytes)}</span>
      </span>
    </>
  );
}

/** What a closed row has to say that no figure says. */
function Marks({ dataset, pausedBy }: DatasetRowProps): JSX.Element {
  return (
    <>
      {dataset.error !== null && <span class="problem">✕ not looked at</span>}
      {dataset.refusals.length > 0 && <span class="problem">⊘ refused</span>}
      {pausedBy !== null && <strong>‖ paused</strong>}
    </>
  );
}

function Detail({ dataset, pausedBy, sources }: DatasetRowProps): JSX.Element {
  return (
    <article aria-label={dataset.dataset}>
      <div class="title">
        <span class="quiet figures">
          {[
            dataset.kind ?? 'table',
            spanOf(dataset),
            countOf(dataset.cold.segments, 'segments'),
            ...(dataset.due === null || dataset.due.moves === 0
              ? []
              : [`${countOf(dataset.due.rows, 'rows')} due`]),
          ].join(' · ')}
        </span>
        {pausedBy !== null && (
          <strong>
            ‖ paused <span class="quiet">by {pausedBy}</span>
          </strong>
        )}
        <a href={hashOf({ name: 'data', dataset: dataset.dataset })}>Look at its data</a>
        <PauseButton
          target={{ kind: 'datasets', name: dataset.dataset }}
          isPaused={pausedBy !== null}
        />
      </div>
      {dataset.error !== null && <p class="problem">✕ {dataset.error}</p>}
      {dataset.refusals.map((refusal) => (
        <p key={refusal} class="problem">
          ⊘ {refusal}
        </p>
      ))}
      <LastRun run={dataset.last_run} />
      <LakeCare care={dataset.care} />
      <Calendar dataset={dataset.dataset} since={dataset.last_run?.finished_at ?? ''} />
      {sources.length > 0 && <SourceTable sources={sources} isOfOne />}
    </article>
  );
}

function LastRun({ run }: { readonly run: DatasetDocument['last_run'] }): JSX.Element {
  if (run === null) return <p class="quiet">No run has moved anything of it yet.</p>;
  return (
    <p class="last-run">
      <span class="quiet">last {run.job}</span> <RunState state={run.state} />{' '}
      <Moment at={run.finished_at ?? run.started_at} />
      <span class="quiet figures"> · {countOf(run.rows_moved, 'rows')}</span>
      {run.error_message !== null && <span class="problem"> {run.error_message}</span>}
    </p>
  );
}

function spanOf({ hot, cold }: DatasetDocument): string {
  return `${formatDay(cold.oldest ?? hot.oldest)} to ${formatDay(hot.newest ?? cold.newest)}`;
}

/** A dataset: a line of figures, and below it, when it is open, what is wrong and its days. */
import type { JSX } from 'preact';
import { useId } from 'preact/hooks';
import { Calendar } from './calendar.tsx';
import type { DatasetDocument } from './documents.ts';
import { countOf, formatBytes, formatCount, formatDay, formatShort, UNKNOWN } from './format.ts';
import { PauseButton } from './pause-button.tsx';

const COLUMNS = 5;

export interface DatasetRowProps {
  readonly dataset: DatasetDocument;
  readonly pausedBy: string | null;
  readonly isOpen: boolean;
  readonly onToggle: () => void;
}

export function DatasetRow(props: DatasetRowProps): JSX.Element {
  const { dataset, isOpen, onToggle } = props;
  const { hot, cold, due } = dataset;
  const detailId = useId();
  return (
    <>
      <tr class={isOpen ? 'open' : ''}>
        <th scope="row" class="dataset">
          <button
            type="button"
            class="disclose"
            aria-expanded={isOpen}
            aria-controls={isOpen ? detailId : undefined}
            onClick={onToggle}
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
          <td colSpan={COLUMNS} id={detailId}>
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

function Detail({ dataset, pausedBy }: DatasetRowProps): JSX.Element {
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
      <Calendar dataset={dataset.dataset} since={dataset.last_run?.finished_at ?? ''} />
    </article>
  );
}

function spanOf({ hot, cold }: DatasetDocument): string {
  return `${formatDay(cold.oldest ?? hot.oldest)} to ${formatDay(hot.newest ?? cold.newest)}`;
}

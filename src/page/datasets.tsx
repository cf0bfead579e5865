/** Each dataset: how much is where, what is due, and its days. */
import type { JSX } from 'preact';
import { Calendar } from './calendar.tsx';
import { LEGEND, STATES } from './calendar-weeks.ts';
import type { DatasetDocument, StatusDocument } from './documents.ts';
import { countOf, formatBytes, formatCount, formatDay } from './format.ts';
import { PauseButton } from './pause-button.tsx';

export function Datasets({ status }: { readonly status: StatusDocument }): JSX.Element {
  const datasets = status.survey?.datasets ?? [];
  return (
    <section class="datasets" aria-labelledby="datasets">
      <h2 id="datasets">Datasets</h2>
      <ul class="legend" aria-label="What the letters of the calendars mean">
        {LEGEND.map((state) => (
          <li key={state}>
            <span class={`day ${state}`} aria-hidden="true">
              {STATES[state].letter}
            </span>
            <span class="for-reader">{STATES[state].letter}: </span>
            <span title={STATES[state].means}>{state}</span>
          </li>
        ))}
      </ul>
      {datasets.length === 0 && <p class="quiet">They have not been looked at yet.</p>}
      <div class="cards">
        {datasets.map((dataset) => (
          <Dataset
            key={dataset.dataset}
            dataset={dataset}
            pausedBy={
              status.paused_datasets.find((paused) => paused.dataset === dataset.dataset)?.by ??
              null
            }
          />
        ))}
      </div>
    </section>
  );
}

function Dataset(props: {
  readonly dataset: DatasetDocument;
  readonly pausedBy: string | null;
}): JSX.Element {
  const { dataset, pausedBy } = props;
  const { hot, cold, due } = dataset;
  const titleId = `dataset-${dataset.dataset}`;
  return (
    <article aria-labelledby={titleId}>
      <div class="title">
        <h3 id={titleId}>{dataset.dataset}</h3>
        <span class="quiet">{dataset.kind}</span>
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
      <dl class="figures">
        <div>
          <dt>hot</dt>
          <dd>
            {hot.rows_are_estimated && '≈ '}
            {countOf(hot.rows, 'rows')} <span class="quiet">{formatBytes(hot.bytes)}</span>
          </dd>
        </div>
        <div>
          <dt>cold</dt>
          <dd>
            {countOf(cold.rows, 'rows')} <span class="quiet">{formatBytes(cold.bytes)}</span>
          </dd>
        </div>
        <div>
          <dt>due</dt>
          <dd>{due === null ? '–' : due.moves === 0 ? 'nothing' : countOf(due.rows, 'rows')}</dd>
        </div>
        <div>
          <dt>span</dt>
          <dd>
            {formatDay(cold.oldest ?? hot.oldest)} to {formatDay(hot.newest ?? cold.newest)}
          </dd>
        </div>
      </dl>
      {dataset.error !== null && <p class="problem">✕ {dataset.error}</p>}
      {dataset.refusals.map((refusal) => (
        <p key={refusal} class="problem">
          ⊘ {refusal}
        </p>
      ))}
      <Calendar dataset={dataset.dataset} since={dataset.last_run?.finished_at ?? ''} />
      <p class="for-reader">{formatCount(cold.segments)} segments in the lake.</p>
    </article>
  );
}

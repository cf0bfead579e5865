/** The datasets as a table: searched, sorted, one of them opened to its days. */
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { LEGEND, MARKS, STATES } from './calendar-weeks.ts';
import {
  arrange,
  nextOrder,
  type Order,
  SORT_KEYS,
  type SortKey,
  WORST_FIRST,
} from './dataset-order.ts';
import { DatasetRow } from './dataset-row.tsx';
import type { StatusDocument } from './documents.ts';
import { formatCount } from './format.ts';

/** With more, the table is calm until somebody asks for all. */
const SHOWN_AT_FIRST = 12;
/** With so many, somebody looks for one. */
const SEARCHED_FROM = 6;

export function Datasets(props: {
  readonly status: StatusDocument;
  /** The one whose detail is shown. */
  readonly open: string | null;
}): JSX.Element {
  const { status, open } = props;
  const datasets = status.survey?.datasets ?? [];
  const [search, setSearch] = useState('');
  const [order, setOrder] = useState<Order>(WORST_FIRST);
  const [isWhole, setWhole] = useState(false);
  const found = arrange(datasets, search, order);
  const isAll = isWhole || search !== '';
  // Who follows a link to one is to see it.
  const shown = found.filter(
    ({ dataset }, index) => isAll || index < SHOWN_AT_FIRST || dataset === open,
  );
  const hidden = found.length - shown.length;
  return (
    <section class="datasets" aria-labelledby="datasets">
      <div class="heading">
        <h2 id="datasets">
          Datasets{' '}
          {datasets.length > 0 && <span class="quiet">{formatCount(datasets.length)}</span>}
        </h2>
        {datasets.length >= SEARCHED_FROM && (
          <input
            type="search"
            aria-label="Search datasets"
            placeholder="Search"
            value={search}
            onInput={(event) => setSearch(event.currentTarget.value)}
          />
        )}
        {shown.some(({ dataset }) => dataset === open) && <Legend />}
      </div>
      {datasets.length === 0 && <p class="quiet">{whyNone(status)}</p>}
      {open !== null &&
        datasets.length > 0 &&
        !datasets.some(({ dataset }) => dataset === open) && (
          <p class="problem" role="status">
            There is no dataset “{open}” in this configuration.
          </p>
        )}
      {datasets.length > 0 && (
        <table class="list">
          <Columns order={order} onOrder={(key) => setOrder(nextOrder(order, key))} />
          <tbody>
            {shown.map((dataset) => (
              <DatasetRow
                key={dataset.dataset}
                dataset={dataset}
                pausedBy={
                  status.paused_datasets.find((paused) => paused.dataset === dataset.dataset)?.by ??
                  null
                }
                sources={(status.survey?.sources ?? []).filter(
                  (source) => source.dataset === dataset.dataset,
                )}
                isOpen={dataset.dataset === open}
              />
            ))}
          </tbody>
        </table>
      )}
      {datasets.length > 0 && found.length === 0 && (
        <p class="quiet" role="status">
          No dataset's name holds “{search}”.
        </p>
      )}
      {(hidden > 0 || (isWhole && found.length > SHOWN_AT_FIRST)) && (
        <button type="button" class="all" onClick={() => setWhole(!isWhole)}>
          {isWhole ? `Show ${String(SHOWN_AT_FIRST)}` : `Show all ${formatCount(found.length)}`}
        </button>
      )}
    </section>
  );
}

function whyNone({ survey }: StatusDocument): string {
  if (survey === null) return 'They have not been looked at yet.';
  return survey.error === null ? 'None is configured.' : 'They could not be looked at.';
}

const TITLES: Readonly<Record<SortKey, string>> = {
  dataset: 'dataset',
  hot: 'rows hot',
  cold: 'rows cold',
  due: 'due',
};

const CLASSES: Readonly<Record<SortKey, string>> = {
  dataset: 'dataset',
  hot: 'number',
  cold: 'number',
  due: 'due number wide-only',
};

function Columns(props: {
  readonly order: Order;
  readonly onOrder: (key: SortKey) => void;
}): JSX.Element {
  const { key: current, isDescending } = props.order;
  return (
    <thead>
      <tr>
        {SORT_KEYS.map((key) => {
          const isSorted = key === current;
          const direction = isDescending ? 'descending' : 'ascending';
          return (
            <th
              key={key}
              scope="col"
              class={CLASSES[key]}
              aria-sort={isSorted ? direction : 'none'}
            >
              <button type="button" class="sort" onClick={() => props.onOrder(key)}>
                {TITLES[key]}
                <span aria-hidden="true">{isSorted ? (isDescending ? ' ↓' : ' ↑') : ''}</span>
              </button>
            </th>
          );
        })}
        <th scope="col" class="since wide-only">
          since
        </th>
      </tr>
    </thead>
  );
}

function Legend(): JSX.Element {
  return (
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
      {(['pinned', 'held'] as const).map((mark) => (
        <li key={mark}>
          <span class={`day sample ${mark}`} aria-hidden="true" />
          <span title={MARKS[mark]}>{mark}</span>
        </li>
      ))}
    </ul>
  );
}

/** The views, as links: they work by keyboard, in a new tab and backwards. */
import type { JSX } from 'preact';
import { useEffect } from 'preact/hooks';
import type { StatusDocument } from './documents.ts';
import { formatCount } from './format.ts';
import { hashOf, VIEWS, type View } from './views.ts';

const TITLES: Readonly<Record<View['name'], string>> = {
  overview: 'Overview',
  datasets: 'Datasets',
  data: 'Data',
  ask: 'Ask',
  runs: 'Runs',
};

export function Nav(props: {
  readonly view: View;
  readonly status: StatusDocument | null;
  readonly isAway: boolean;
}): JSX.Element {
  const { view, status, isAway } = props;
  const title = [
    ...(isAway ? ['✕ does not answer'] : []),
    ...(view.dataset === null ? [] : [view.dataset]),
    TITLES[view.name],
    'tierd',
  ].join(' · ');
  useEffect(() => {
    document.title = title;
  }, [title]);
  return (
    <nav aria-label="Views">
      {VIEWS.map((name) => (
        <a
          key={name}
          href={hashOf({ name, dataset: null })}
          aria-current={name === view.name ? 'page' : undefined}
        >
          {TITLES[name]}
          <Mark name={name} status={isAway ? null : status} />
        </a>
      ))}
    </nav>
  );
}

/** How many there are of what the view is for; of what needs somebody, in colour. */
function Mark(props: {
  readonly name: View['name'];
  readonly status: StatusDocument | null;
}): JSX.Element | null {
  const { name, status } = props;
  const alerts = status?.alerts.length ?? 0;
  const hasError = status?.alerts.some(({ severity }) => severity === 'error') === true;
  if (name === 'overview' && alerts > 0) {
    return (
      <span class={`mark figures ${hasError ? 'failed' : 'warned'}`}>
        {formatCount(alerts)}
        <span class="for-reader"> {alerts === 1 ? 'alert' : 'alerts'}</span>
      </span>
    );
  }
  const datasets = status?.survey?.datasets.length ?? 0;
  if (name !== 'datasets' || datasets === 0) return null;
  return <span class="mark figures">{formatCount(datasets)}</span>;
}

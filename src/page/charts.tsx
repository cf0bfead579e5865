/** What moved, and how far behind the drain is, over the hours that are chosen. */
import type { JSX } from 'preact';
import { useMemo } from 'preact/hooks';
import { Chart } from './chart.tsx';
import type { FlowDocument } from './documents.ts';
import { bytesChart, lagChart, largest, rowsChart, type Series, sum } from './flow-series.ts';
import { formatBytes, formatCount, formatSeconds, formatShort } from './format.ts';
import { gapTexts } from './gap-texts.ts';
import type { Polled } from './polling.ts';

const SPANS = [
  { hours: 1, label: '1 h' },
  { hours: 24, label: '24 h' },
  { hours: 7 * 24, label: '7 days' },
  { hours: 31 * 24, label: '31 days' },
] as const;

export function Charts(props: {
  readonly flow: Polled<FlowDocument>;
  readonly hours: number;
  readonly onHours: (hours: number) => void;
}): JSX.Element {
  const { value, problem } = props.flow;
  return (
    <section class="charts" aria-labelledby="charts">
      <div class="heading">
        <h2 id="charts">Flow</h2>
        <div class="spans" role="group" aria-label="Time span of the charts">
          {SPANS.map(({ hours, label }) => (
            <button
              key={hours}
              type="button"
              aria-pressed={hours === props.hours}
              onClick={() => props.onHours(hours)}
            >
              {label}
            </button>
          ))}
        </div>
      </div>
      {problem !== null && <p class="problem">{problem}</p>}
      {value === null && problem === null && <p class="quiet">It is asked for …</p>}
      {gapTexts(value).map((text) => (
        <p key={text} class="problem">
          ! {text}
        </p>
      ))}
      {value !== null && <Three flow={value} />}
    </section>
  );
}

function Three({ flow }: { readonly flow: FlowDocument }): JSX.Element {
  const rows = useMemo(() => rowsChart(flow), [flow]);
  const bytes = useMemo(() => bytesChart(flow), [flow]);
  const lag = useMemo(() => lagChart(flow), [flow]);
  return (
    <div class="row">
      <Chart
        title="Rows"
        kind="bars"
        data={rows}
        colours={['--hot-line', '--cold-line']}
        format={formatCount}
        formatAxis={formatShort}
        sumUp={total(formatCount)}
      />
      <Chart
        title="Bytes"
        kind="bars"
        data={bytes}
        colours={['--cold-line']}
        format={formatBytes}
        formatAxis={formatBytes}
        isBinary
        sumUp={total(formatBytes)}
      />
      <Chart
        title="Drain lag"
        kind="lines"
        data={lag}
        colours={['--live-line', '--hot-line', '--cold-line']}
        format={formatSeconds}
        formatAxis={formatSeconds}
        sumUp={({ values }) => `${formatSeconds(largest(values))} at most`}
      />
    </div>
  );
}

function total(format: (value: number) => string): (series: Series) => string {
  return ({ values }) => format(sum(values));
}

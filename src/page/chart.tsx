/** A chart by uPlot, with its sums in words, the figures under the pointer, and a table on demand. */
import type { JSX } from 'preact';
import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import uPlot from 'uplot';
import type { ChartData, Series } from './flow-series.ts';
import { useMedia } from './media.ts';
import { DASHES, plotOptions } from './plot-options.ts';
import { useWidth } from './width.ts';

export interface ChartProps {
  readonly title: string;
  readonly kind: 'bars' | 'lines';
  readonly data: ChartData;
  /** Custom properties of the style sheet, in turn. */
  readonly colours: readonly string[];
  readonly format: (value: number | null) => string;
  readonly formatAxis: (value: number) => string;
  /** Whether its axis steps by powers of two. */
  readonly isBinary?: boolean;
  /** A series in a word or two. */
  readonly sumUp: (series: Series) => string;
}

export function Chart(props: ChartProps): JSX.Element {
  const { title, data, format } = props;
  const frame = useRef<HTMLDivElement>(null);
  const width = useWidth(frame);
  const [pointed, setPointed] = useState<number | null>(null);
  const isDark = useMedia('(prefers-color-scheme: dark)');
  const { kind, colours, formatAxis, isBinary = false } = props;
  useLayoutEffect(() => {
    const { current } = frame;
    if (current === null || width === 0 || data.times.length === 0) return undefined;
    const style = getComputedStyle(current);
    const options = plotOptions({
      kind,
      width,
      from: data.from,
      to: data.to,
      labels: data.series.map(({ label }) => label),
      colours: colours.map((name) => style.getPropertyValue(name)),
      ink: style.getPropertyValue('--quiet'),
      line: style.getPropertyValue('--line'),
      formatAxis,
      isBinary,
      onPoint: setPointed,
    });
    const plot = new uPlot(
      options,
      // A bar stands in the middle of what it sums up.
      [
        data.times.map((time) => time + data.bucketSeconds / 2),
        ...data.series.map(({ values }) => [...values]),
      ],
      current,
    );
    return () => plot.destroy();
    // Drawn anew when any of these changes: twice a minute, and when the window is resized.
  }, [data, width, isDark, kind, colours.join(), formatAxis, isBinary]);
  const at = pointed === null ? undefined : data.times[pointed];
  return (
    <figure>
      <figcaption>
        <h3>{title}</h3>
        {data.times.length === 0 && <p class="quiet">Nothing was measured in this time.</p>}
        <ul hidden={data.times.length === 0}>
          {data.series.map((series, index) => (
            <li key={series.label}>
              <Key kind={kind} index={index} colour={colours[index % colours.length] ?? ''} />
              {series.label}{' '}
              <strong class="figures">
                {pointed === null ? props.sumUp(series) : format(series.values[pointed] ?? null)}
              </strong>
            </li>
          ))}
        </ul>
      </figcaption>
      <div class="plot" ref={frame} aria-hidden="true" hidden={data.times.length === 0} />
      <p class="pointed quiet figures">{at === undefined ? '' : momentOf(at)}</p>
      {data.times.length > 0 && <AsTable {...props} />}
    </figure>
  );
}

function Key(props: {
  readonly kind: ChartProps['kind'];
  readonly index: number;
  readonly colour: string;
}): JSX.Element {
  const dash = props.kind === 'lines' ? DASHES[props.index % DASHES.length]?.join(' ') : undefined;
  return (
    <svg class="key" width="22" height="10" aria-hidden="true">
      <line
        x1="0"
        y1="5"
        x2="22"
        y2="5"
        style={{ stroke: `var(${props.colour})`, strokeWidth: props.kind === 'bars' ? '8' : '2' }}
        stroke-dasharray={dash}
      />
    </svg>
  );
}

function AsTable({ title, data, format }: ChartProps): JSX.Element {
  const [isOpen, setOpen] = useState(false);
  const rows = data.times
    .map((time, index) => ({
      time,
      values: data.series.map(({ values }) => values[index] ?? null),
    }))
    .filter(({ values }) => values.some((value) => value !== null && value !== 0))
    .reverse();
  return (
    <details onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>
        Table<span class="for-reader"> of {title}</span>
      </summary>
      {isOpen && (
        <div class="scroll" tabIndex={0} role="region" aria-label={`Table of ${title}`}>
          <table>
            <thead>
              <tr>
                <th scope="col">from (UTC)</th>
                {data.series.map(({ label }) => (
                  <th key={label} scope="col" class="number">
                    {label}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {rows.map(({ time, values }) => (
                <tr key={time}>
                  <th scope="row" class="figures">
                    {momentOf(time)}
                  </th>
                  {values.map((value, index) => (
                    <td key={data.series[index]?.label} class="number">
                      {format(value)}
                    </td>
                  ))}
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </details>
  );
}

function momentOf(seconds: number): string {
  return new Date(seconds * 1000).toISOString().slice(5, 16).replace('T', ' ');
}

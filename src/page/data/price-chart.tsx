/** Prices over time, what is under the pointer, and where the rows are. */
import type { JSX } from 'preact';
import { useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks';
import type { Row } from '../ask/read-answer.ts';
import { useMedia } from '../media.ts';
import { useWidth } from '../width.ts';
import { barsOf } from './bars.ts';
import type { Look, Shade, Timeframe } from './look.ts';
import { drawPrices } from './price-plot.ts';

const STORES = { cold: 'cold: in the lake', hot: 'hot: in PostgreSQL' };

export function PriceChart(props: {
  readonly rows: readonly Row[];
  readonly look: Look;
  readonly timeframe: Timeframe;
  readonly kind: 'bars' | 'line';
  readonly shades: readonly Shade[];
}): JSX.Element {
  const { rows, look, timeframe, kind, shades } = props;
  const frame = useRef<HTMLDivElement>(null);
  const width = useWidth(frame);
  const [pointed, setPointed] = useState<number | null>(null);
  const isDark = useMedia('(prefers-color-scheme: dark)');
  const bars = useMemo(() => barsOf(rows), [rows]);
  useLayoutEffect(() => {
    const { current } = frame;
    if (current === null || width === 0) return undefined;
    const style = getComputedStyle(current);
    const plot = drawPrices(
      {
        bars,
        kind,
        from: look.from / 1000,
        to: look.to / 1000,
        barSeconds: timeframe.ms / 1000,
        shades,
        width,
        colour: (name) => style.getPropertyValue(name),
        onPoint: setPointed,
      },
      current,
    );
    return () => plot.destroy();
  }, [bars, kind, look, timeframe, shades, width, isDark]);
  const row = pointed === null ? undefined : rows[pointed];
  return (
    <figure>
      <figcaption>
        <h3>
          {look.price ?? 'Prices'} <span class="quiet">bars of {timeframe.name}, UTC</span>
        </h3>
        <ul>
          {shades.map(({ store }) => (
            <li key={store}>
              <span class={`swatch ${store}`} aria-hidden="true" /> {STORES[store]}
            </li>
          ))}
        </ul>
      </figcaption>
      <div class="plot" ref={frame} aria-hidden="true" />
      <p class="pointed quiet figures">{row === undefined ? '' : inWords(row)}</p>
    </figure>
  );
}

function inWords(row: Row): string {
  const { time, ...rest } = row;
  const figures = Object.entries(rest).map(([name, value]) => `${name} ${String(value)}`);
  return `${String(time).slice(0, 16).replace('T', ' ')} · ${figures.join(' · ')}`;
}

/** Bars or a line by uPlot, on the shades of the stores that the rows are in. */
import uPlot from 'uplot';
import { QUIET, quietAxes } from '../plot-options.ts';
import type { Bars } from './bars.ts';
import type { Shade } from './look.ts';

export interface PricePlotWishes {
  readonly bars: Bars;
  readonly kind: 'bars' | 'line';
  /** Seconds since 1970: all of it is shown. */
  readonly from: number;
  readonly to: number;
  /** How long a bar is. */
  readonly barSeconds: number;
  readonly shades: readonly Shade[];
  readonly width: number;
  /** Of a custom property of the style sheet. */
  readonly colour: (name: string) => string;
  readonly onPoint: (index: number | null) => void;
}

const HEIGHT_PX = 320;
const SHADE_ALPHA = 0.45;
/** Of the room that a bar has. */
const BODY_SHARE = 0.7;
const MOST_BODY_PX = 15;

export function drawPrices(wishes: PricePlotWishes, into: HTMLElement): uPlot {
  const { bars, from, to, kind, colour, barSeconds } = wishes;
  const hidden: uPlot.Series = { paths: () => null, points: { show: false } };
  const close: uPlot.Series =
    kind === 'line'
      ? { stroke: colour('--accent'), width: 1.5, points: { size: 4, fill: colour('--accent') } }
      : hidden;
  const middle = barSeconds / 2;
  return new uPlot(
    {
      width: wishes.width,
      height: HEIGHT_PX,
      ...QUIET,
      padding: [8, 18, 0, 0],
      scales: {
        x: { time: true, range: () => [from, to] },
        y: { range: (_plot, min, max) => uPlot.rangeNum(min, max, 0.08, true) },
      },
      axes: quietAxes({
        ink: colour('--quiet'),
        line: colour('--line'),
        formatAxis: (value) => value.toLocaleString('en', { maximumSignificantDigits: 8 }),
      }),
      series: [{}, hidden, hidden, hidden, close],
      hooks: {
        drawClear: [(plot) => drawShades(plot, wishes)],
        draw: kind === 'bars' ? [(plot) => drawBars(plot, wishes)] : [],
        setCursor: [(plot) => wishes.onPoint(plot.cursor.idx ?? null)],
      },
    },
    [
      bars.times.map((time) => time + middle),
      [...bars.open],
      [...bars.high],
      [...bars.low],
      [...bars.close],
    ],
    into,
  );
}

function drawShades(plot: uPlot, { shades, colour }: PricePlotWishes): void {
  const { ctx, bbox } = plot;
  ctx.save();
  ctx.beginPath();
  ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
  ctx.clip();
  ctx.globalAlpha = SHADE_ALPHA;
  for (const { store, from, to } of shades) {
    const left = plot.valToPos(from / 1000, 'x', true);
    const right = plot.valToPos(to / 1000, 'x', true);
    ctx.fillStyle = colour(`--${store}`);
    ctx.fillRect(left, bbox.top, Math.max(right - left, 1), bbox.height);
  }
  ctx.restore();
}

/** A rise is hollow and a fall is filled: no colour alone tells them apart. */
function drawBars(plot: uPlot, { bars, colour, barSeconds, from }: PricePlotWishes): void {
  const { ctx } = plot;
  const y = (value: number): number => Math.round(plot.valToPos(value, 'y', true));
  const room = plot.valToPos(from + barSeconds, 'x', true) - plot.valToPos(from, 'x', true);
  const ratio = uPlot.pxRatio;
  const body = Math.max(Math.min(Math.floor(room * BODY_SHARE), MOST_BODY_PX * ratio), ratio);
  ctx.save();
  ctx.lineWidth = ratio;
  for (const [at, time] of bars.times.entries()) {
    const value = (of: readonly (number | null)[]): number => of[at] ?? Number.NaN;
    const [open, high] = [value(bars.open), value(bars.high)];
    const [low, close] = [value(bars.low), value(bars.close)];
    if (Number.isNaN(open + high + low + close)) continue;
    const x = Math.round(plot.valToPos(time + barSeconds / 2, 'x', true));
    const isRise = close >= open;
    const ink = colour(isRise ? '--done' : '--failed');
    ctx.strokeStyle = ink;
    ctx.fillStyle = isRise ? colour('--face') : ink;
    const [top, bottom] = [y(Math.max(open, close)), y(Math.min(open, close))];
    const left = Math.round(x - body / 2);
    const tall = Math.max(bottom - top, ratio);
    ctx.beginPath();
    ctx.moveTo(x, y(high));
    ctx.lineTo(x, y(low));
    ctx.stroke();
    ctx.fillRect(left, top, body, tall);
    ctx.strokeRect(left, top, body, tall);
  }
  ctx.restore();
}

/** What uPlot is told: quiet axes, times in UTC, a second sign beside each colour. */
import uPlot from 'uplot';

/** Of lines, in turn. */
export const DASHES: readonly (readonly number[])[] = [[], [6, 3], [2, 3], [10, 3, 2, 3]];

const HEIGHT_PX = 140;
const AXIS_PX = 20;
/** Of the labels' font, at most; and what stands beside them. */
const LETTER_PX = 6.5;
const LABELS_GAP_PX = 16;
const LEAST_LABELS_PX = 40;
const DAY_S = 86_400;
/** Of what is counted: between one and two rows there is nothing to mark. */
const WHOLE_STEPS = Array.from(
  { length: 45 },
  (_, step) => ([1, 2, 5][step % 3] ?? 1) * 10 ** Math.floor(step / 3),
);
const POWERS_OF_TWO = Array.from({ length: 50 }, (_, power) => 2 ** power);

export interface PlotWishes {
  readonly kind: 'bars' | 'lines';
  readonly width: number;
  /** Seconds since 1970: all of it is shown, also where nothing was measured. */
  readonly from: number;
  readonly to: number;
  readonly labels: readonly string[];
  readonly colours: readonly string[];
  readonly ink: string;
  readonly line: string;
  readonly formatAxis: (value: number) => string;
  /** Whether its axis steps by powers of two. */
  readonly isBinary: boolean;
  /** The index of the time under the pointer, or none. */
  readonly onPoint: (index: number | null) => void;
}

export function plotOptions(wishes: PlotWishes): uPlot.Options {
  const { width, labels, from, to } = wishes;
  return {
    width,
    height: HEIGHT_PX,
    ...QUIET,
    padding: [8, 14, 0, 0],
    scales: {
      x: { time: true, range: () => [from, to] },
      y: { range: (_plot, _min, max) => [0, max > 0 ? max * 1.05 : 1] },
    },
    axes: quietAxes({
      ...wishes,
      ...(wishes.kind === 'bars' ? { steps: wishes.isBinary ? POWERS_OF_TWO : WHOLE_STEPS } : {}),
    }),
    series: [{}, ...labels.map((label, index) => seriesOf(wishes, label, index))],
    hooks: {
      setCursor: [(plot) => wishes.onPoint(plot.cursor.idx ?? null)],
    },
  };
}

/** No legend, nothing that is dragged, and times in UTC. */
export const QUIET = {
  legend: { show: false },
  cursor: { drag: { x: false, y: false }, points: { show: false }, y: false },
  tzDate: (seconds: number) => uPlot.tzDate(new Date(seconds * 1000), 'Etc/UTC'),
} satisfies Partial<uPlot.Options>;

/** Times below, figures on the left. */
export function quietAxes(
  wishes: Pick<PlotWishes, 'ink' | 'line' | 'formatAxis'> & {
    /** What its marks step by; else uPlot chooses. */
    readonly steps?: readonly number[];
  },
): uPlot.Axis[] {
  const { ink, line, formatAxis, steps } = wishes;
  const axis: uPlot.Axis = {
    stroke: ink,
    font: '11px system-ui, sans-serif',
    grid: { stroke: line, width: 1 },
    ticks: { show: false },
  };
  return [
    { ...axis, size: AXIS_PX, space: 56, grid: { show: false }, values: formatTimes },
    {
      ...axis,
      size: (_plot, labels) => labelsWidth(labels),
      space: 28,
      ...(steps === undefined ? {} : { incrs: [...steps] }),
      values: (_plot, splits) => splits.map((value) => formatAxis(value)),
    },
  ];
}

/** As wide as the longest, so that none is cut. uPlot asks first before it has any. */
function labelsWidth(labels: readonly string[] | null): number {
  const longest = Math.max(0, ...(labels ?? []).map((label) => label.length));
  return Math.max(LEAST_LABELS_PX, Math.ceil(longest * LETTER_PX) + LABELS_GAP_PX);
}

function seriesOf(
  { kind, colours, labels }: PlotWishes,
  label: string,
  index: number,
): uPlot.Series {
  const colour = colours[index % colours.length] ?? '';
  if (kind === 'lines') {
    return {
      label,
      stroke: colour,
      width: 1.5,
      dash: [...(DASHES[index % DASHES.length] ?? [])],
      // Where there are few, the points are all there is to see.
      points: { size: 4, fill: colour },
    };
  }
  // Two series share a bucket: one to the left of its time, one to the right.
  const align = labels.length === 1 ? 0 : index === 0 ? -1 : 1;
  const size = labels.length === 1 ? 0.7 : 0.38;
  const bars = uPlot.paths.bars?.({ size: [size, 24], align });
  return {
    label,
    stroke: colour,
    fill: colour,
    width: 0,
    points: { show: false },
    ...(bars === undefined ? {} : { paths: bars }),
  };
}

function formatTimes(
  _plot: uPlot,
  splits: number[],
  _axis: number,
  _space: number,
  increment: number,
): string[] {
  return splits.map((seconds) => {
    // Where a day begins it is told which.
    const [from, to] = increment >= DAY_S || seconds % DAY_S === 0 ? [5, 10] : [11, 16];
    return new Date(seconds * 1000).toISOString().slice(from, to);
  });
}

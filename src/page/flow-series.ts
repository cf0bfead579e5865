/** The flow as series for charts: one list of times, and a value or a hole at each. */
import type { FlowDocument } from './documents.ts';

export interface Series {
  readonly label: string;
  readonly values: readonly (number | null)[];
}

export interface ChartData {
  /** Seconds since 1970. */
  readonly times: readonly number[];
  readonly series: readonly Series[];
  /** The hours that were asked for, as seconds since 1970. */
  readonly from: number;
  readonly to: number;
  /** What a value sums up, to the right of its time; 0 for one that was measured at its time. */
  readonly bucketSeconds: number;
}

export function rowsChart(flow: FlowDocument): ChartData {
  const times = bucketsOf(flow);
  return {
    ...boundsOf(flow),
    bucketSeconds: flow.bucket_seconds,
    times,
    series: [
      {
        label: 'drained',
        values: fill(flow, times, flow.drained, (at) => at.rows),
      },
      { label: 'moved to the lake', values: fill(flow, times, flow.moved, (at) => at.rows) },
    ],
  };
}

export function bytesChart(flow: FlowDocument): ChartData {
  const times = bucketsOf(flow);
  return {
    ...boundsOf(flow),
    bucketSeconds: flow.bucket_seconds,
    times,
    series: [
      { label: 'written to the lake', values: fill(flow, times, flow.moved, (at) => at.bytes) },
    ],
  };
}

/** A series for each source. */
export function lagChart(flow: FlowDocument): ChartData {
  const times = [...new Set(flow.lag.map(({ at }) => seconds(at)))].sort((a, b) => a - b);
  const sources = [...new Set(flow.lag.map(({ source }) => source))].sort();
  const series = sources.map((source) => {
    const known = new Map(
      flow.lag.filter((at) => at.source === source).map((at) => [seconds(at.at), at.seconds]),
    );
    return { label: source, values: times.map((time) => known.get(time) ?? null) };
  });
  return { ...boundsOf(flow), bucketSeconds: 0, times, series };
}

export function sum(values: readonly (number | null)[]): number {
  return values.reduce<number>((total, value) => total + (value ?? 0), 0);
}

export function largest(values: readonly (number | null)[]): number | null {
  return values.reduce(
    (most, value) => (value === null ? most : Math.max(most ?? value, value)),
    null,
  );
}

function boundsOf({ from, to }: FlowDocument): Pick<ChartData, 'from' | 'to'> {
  return { from: seconds(from), to: seconds(to) };
}

/** Also those in which nothing happened. */
function bucketsOf({ from, to, bucket_seconds: size }: FlowDocument): readonly number[] {
  const first = Math.floor(seconds(from) / size) * size;
  const count = Math.max(1, Math.ceil((seconds(to) - first) / size));
  return Array.from({ length: count }, (_, index) => first + index * size);
}

function fill<T extends { readonly at: string }>(
  { bucket_seconds: size }: FlowDocument,
  times: readonly number[],
  points: readonly T[],
  valueOf: (point: T) => number,
): readonly number[] {
  const sums = new Map<number, number>();
  for (const point of points) {
    const bucket = Math.floor(seconds(point.at) / size) * size;
    sums.set(bucket, (sums.get(bucket) ?? 0) + valueOf(point));
  }
  return times.map((time) => sums.get(time) ?? 0);
}

function seconds(iso: string): number {
  return Date.parse(iso) / 1000;
}

/** What Grafana's PostgreSQL data source makes of its macros before it sends a query, as text. */

export interface Panel {
  readonly from: Date;
  readonly to: Date;
  /** What a panel of its width asks for. */
  readonly intervalMs: number;
  /** Whether the data source is told that there is TimescaleDB. */
  readonly timescale: boolean;
}

const MS = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 } as const;

/** Macros have one pair of parentheses, and commas part what is between. */
export function expandMacros(sql: string, panel: Panel): string {
  return sql
    .replaceAll('$__interval_ms', String(panel.intervalMs))
    .replaceAll('$__interval', writtenInterval(panel.intervalMs))
    .replaceAll(/\$__(\w+)\(([^)]*)\)(?=(,?))/g, (_, name: string, given: string, comma: string) =>
      expand(
        // Followed by a comma it is a column of its own.
        name === 'timeGroup' && comma !== '' ? 'timeGroupAlias' : name,
        given.split(',').map((one) => one.trim()),
        panel,
      ),
    );
}

function expand(
  name: string,
  [column = '', interval = '']: readonly string[],
  panel: Panel,
): string {
  const seconds = { from: epoch(panel.from), to: epoch(panel.to) };
  const times = { from: `'${written(panel.from)}'`, to: `'${written(panel.to)}'` };
  const between = (from: string, to: string): string =>
    `${column} >= ${from} AND ${column} <= ${to}`;
  switch (name) {
    case 'time':
      return `${column} AS "time"`;
    case 'timeEpoch':
      return `extract(epoch from ${column}) as "time"`;
    case 'timeFilter':
      return `${column} BETWEEN ${times.from} AND ${times.to}`;
    case 'timeFrom':
      return times.from;
    case 'timeTo':
      return times.to;
    case 'unixEpochFrom':
      return seconds.from;
    case 'unixEpochTo':
      return seconds.to;
    case 'unixEpochFilter':
      return between(seconds.from, seconds.to);
    case 'unixEpochNanoFilter':
      return between(`${seconds.from}000000000`, `${seconds.to}000000000`);
    case 'timeGroup':
      return panel.timescale
        ? `time_bucket('${secondsIn(interval).toFixed(3)}s',${column})`
        : grouped(`extract(epoch from ${column})`, interval);
    case 'unixEpochGroup':
      return grouped(`(${column})`, interval);
    case 'timeGroupAlias':
    case 'unixEpochGroupAlias':
      return `${expand(name.replace('Alias', ''), [column, interval], panel)} AS "time"`;
    default:
      throw new Error(`no macro: ${name}`);
  }
}

function grouped(value: string, interval: string): string {
  const width = asGoWrites(secondsIn(interval));
  return `floor(${value}/${width})*${width}`;
}

function secondsIn(interval: string): number {
  const [, count = '', unit = ''] = /^'?(\d+)([a-z]+)'?$/.exec(interval) ?? [];
  return (Number(count) * MS[unit as keyof typeof MS]) / 1000;
}

/** From a million on with an exponent: `2.592e+06`. */
function asGoWrites(value: number): string {
  if (value < 1e6) return String(value);
  const [digits = '', exponent = ''] = value.toExponential().split('e+');
  return `${digits}e+${exponent.padStart(2, '0')}`;
}

function writtenInterval(ms: number): string {
  const unit = (['d', 'h', 'm', 's'] as const).find((one) => ms % MS[one] === 0) ?? 'ms';
  return `${String(ms / MS[unit])}${unit}`;
}

/** In nanoseconds, without zeros at the end. */
function written(time: Date): string {
  return time.toISOString().replace(/\.?0*Z$/, 'Z');
}

function epoch(time: Date): string {
  return String(Math.floor(time.getTime() / 1000));
}

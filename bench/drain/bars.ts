/** The entries that are drained: bars of many symbols, as a feed would write them. */

/** In the order of the table's columns; also the names of the fields in Redis. */
export const BAR_COLUMNS = ['time', 'symbol', 'open', 'high', 'low', 'close', 'volume'] as const;

export const BAR_TABLE = 'bars';

export const CREATE_BARS = `create table ${BAR_TABLE} (
  time   timestamptz not null,
  symbol text not null,
  open   double precision not null,
  high   double precision not null,
  low    double precision not null,
  close  double precision not null,
  volume bigint not null,
  primary key (symbol, time))`;

const SYMBOLS = 500;
const MINUTE_MS = 60_000;
const FIRST_MS = Date.UTC(2024, 0, 1);

/** Bar number `index`: time in milliseconds, symbol, four prices to the cent, volume. */
export function barAt(
  index: number,
): readonly [number, string, number, number, number, number, number] {
  const minute = Math.floor(index / SYMBOLS);
  const symbol = index % SYMBOLS;
  // Different enough from each other that nothing compresses them away, and the same in each run.
  const open = 10_000 + ((symbol * 37 + minute * 11) % 40_000);
  const close = open + (((index * 7_919) % 101) - 50);
  const high = Math.max(open, close) + ((index * 31) % 25);
  const low = Math.min(open, close) - ((index * 17) % 25);
  const name = `S${String(symbol).padStart(5, '0')}`;
  return [
    FIRST_MS + minute * MINUTE_MS,
    name,
    open / 100,
    high / 100,
    low / 100,
    close / 100,
    (index * 104_729) % 100_000,
  ];
}

/** Which sources a query has to look at: those that it names, and those of the datasets that it names. */
import type { Sides } from '../segments/sides.ts';
import { foldName } from '../sql/sql-ast.ts';
import type { LiveSide } from './live-side.ts';

export interface LiveNames {
  /** As `live.<source>`. */
  readonly own: readonly string[];
  /** Whose rows a dataset's name means as well. */
  readonly among: readonly string[];
  readonly all: readonly string[];
  /** They are described, and no row of them is asked for. */
  readonly columnsOnly: boolean;
}

const NO_LIVE_NAMES: LiveNames = { own: [], among: [], all: [], columnsOnly: true };

export function liveNamesOf(live: LiveSide | undefined, sides: Sides): LiveNames {
  if (live === undefined) return NO_LIVE_NAMES;
  const needOf = (name: string) => sides.named.get(foldName(name))?.live ?? null;
  const own = live.sources.filter(({ name }) => needOf(name) !== null);
  const among = live.sources.filter(
    ({ dataset, isEnabled }) =>
      live.isWith &&
      isEnabled &&
      (sides.opaque || (sides.named.get(foldName(dataset))?.both ?? false)),
  );
  const names = (of: typeof own): string[] => of.map(({ name }) => name);
  return {
    own: names(own),
    among: names(among),
    all: [...new Set([...names(own), ...names(among)])],
    columnsOnly: among.length === 0 && own.every(({ name }) => needOf(name) === 'columns'),
  };
}

/** Whether a text may name a source at all: without the word nobody has to be ready to read Redis. */
export function mayNameLive(sql: string): boolean {
  return /\blive\b/i.test(sql);
}

import type { Writable } from 'node:stream';
import pc from 'picocolors';

export type Colours = ReturnType<typeof pc.createColors>;

/** What text may look like on one stream. */
export interface Style {
  readonly colour: Colours;
  /** Columns of the terminal; undefined where there is none, and nothing needs to fit. */
  readonly width: number | undefined;
  readonly isTerminal: boolean;
}

/** A stream that may be a terminal. */
export type Output = Writable & { readonly isTTY?: boolean; readonly columns?: number };

export interface ColourWish {
  /** `--no-color` was not given. */
  readonly wanted: boolean;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** Colours only on a terminal, and only where neither --no-color, NO_COLOR nor TERM=dumb object. */
export function styleOf(stream: Output, wish: ColourWish): Style {
  const isTerminal = stream.isTTY === true;
  const refused = (wish.env['NO_COLOR'] ?? '') !== '' || wish.env['TERM'] === 'dumb';
  return {
    colour: pc.createColors(isTerminal && wish.wanted && !refused),
    width: isTerminal ? columnsOf(stream) : undefined,
    isTerminal,
  };
}

/** A terminal that doesn't know its size says nothing, or 0. */
function columnsOf({ columns = 0 }: Output): number {
  return columns > 0 ? columns : 80;
}

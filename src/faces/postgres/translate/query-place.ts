import type { Scope } from './scope.ts';

/** Where a question stands. */
export interface QueryPlace {
  readonly outer: Scope;
  /** What is shown to the client: a numeric whose digits vary becomes its text. */
  readonly isTop: boolean;
  /** A part of a UNION: a literal has no type yet. */
  readonly isPart: boolean;
}

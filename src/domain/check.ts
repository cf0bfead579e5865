/** One line of `tierd doctor`. */
export interface Check {
  /** A stable word for scripts: `postgres_version`, `dataset:ticks:table`. */
  readonly name: string;
  readonly status: 'ok' | 'warning' | 'error';
  /** What was found, with its figures. */
  readonly found: string;
  /** What to do about it; absent when there is nothing to do. */
  readonly advice?: string;
}

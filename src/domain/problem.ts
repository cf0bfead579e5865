/**
 * One thing that is wrong with what a person wrote, in a file or on the command line. They are
 * collected and told all at once, so that nobody mends a file one error at a time.
 */
export interface Problem {
  /** `datasets.market_data.hot_days`, `--hot-days`; empty for the whole file. */
  readonly where: string;
  /** 1-based, where the thing came from a file. */
  readonly line?: number;
  /** What is wrong, when "found … expected …" does not say it. */
  readonly message?: string;
  readonly found?: string;
  readonly expected?: string;
}

/** The problem in one line: `datasets.news.hot_days (line 12): found "x", expected a whole number`. */
export function formatProblem(problem: Problem): string {
  const line = problem.line === undefined ? '' : `line ${String(problem.line)}`;
  const place =
    problem.where === '' ? line : line === '' ? problem.where : `${problem.where} (${line})`;
  const parts = [
    problem.message,
    problem.found === undefined ? undefined : `found ${problem.found}`,
    problem.expected === undefined ? undefined : `expected ${problem.expected}`,
  ];
  const text = parts.filter((part) => part !== undefined).join(', ');
  return place === '' ? text : `${place}: ${text}`;
}

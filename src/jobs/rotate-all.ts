/** A job over several datasets or sources, one after the other: a failure of one does not hold up the rest. */
import { EXIT, type ExitCode, TierdError } from '../domain/errors.ts';
import { asTierdError } from './job-failure.ts';

/** How much of its work a job did; `refused` where guards alone were in the way of all of it. */
export type Wholeness = 'done' | 'partly' | 'failed' | 'refused';

export type DatasetResult<Outcome> =
  | { readonly dataset: string; readonly outcome: Outcome }
  | { readonly dataset: string; readonly error: TierdError };

/** Runs `work` for each dataset or source; stops early only when interrupted. */
export async function forEachNamed<Item extends { readonly name: string }, Outcome>(
  items: readonly Item[],
  work: (item: Item) => Promise<Outcome>,
): Promise<readonly DatasetResult<Outcome>[]> {
  const results: DatasetResult<Outcome>[] = [];
  for (const item of items) {
    try {
      results.push({ dataset: item.name, outcome: await work(item) });
    } catch (thrown) {
      const error = asTierdError(thrown);
      results.push({ dataset: item.name, error });
      if (error.code === 'INTERRUPTED') break;
    }
  }
  return results;
}

/** What came of those that did not fail as a whole. */
export function outcomesOf<Outcome>(
  results: readonly DatasetResult<Outcome>[],
): readonly Outcome[] {
  return results.flatMap((result) => ('outcome' in result ? [result.outcome] : []));
}

/**
 * What was thrown for datasets or sources as a whole, each naming which: one for all that failed alike,
 * as they do when the lake is away.
 */
export function errorsOf(results: readonly DatasetResult<unknown>[]): readonly TierdError[] {
  const alike = new Map<string, { readonly error: TierdError; readonly names: string[] }>();
  for (const result of results) {
    if (!('error' in result)) continue;
    const { dataset, error } = result;
    const what = `${error.code} ${error.message}`;
    const met = alike.get(what);
    if (met === undefined) alike.set(what, { error, names: [dataset] });
    else met.names.push(dataset);
  }
  return [...alike.values()].map(({ error, names }) => naming(error, names));
}

function naming(error: TierdError, names: readonly string[]): TierdError {
  const [first = ''] = names;
  if (names.length === 1 && error.message.includes(first)) return error;
  const { code, message, hint, context, cause, partly } = error;
  return new TierdError({
    code,
    message,
    ...(hint === undefined ? {} : { hint }),
    context: { ...context, for: names.join(', ') },
    cause,
    partly,
  });
}

/**
 * One exit code for all: that of the failure when every dataset failed alike, `partly` when some
 * of the work was done and some was not.
 */
export function exitCodeOf<Outcome>(
  results: readonly DatasetResult<Outcome>[],
  isWhole: (outcome: Outcome) => Wholeness,
): ExitCode {
  const codes = results.map((result): ExitCode => {
    if ('error' in result) return result.error.exitCode;
    return EXIT[isWhole(result.outcome)];
  });
  if (codes.includes(EXIT.interrupted)) return EXIT.interrupted;
  const [first = EXIT.done, ...rest] = new Set(codes);
  if (rest.length === 0) return first;
  return codes.includes(EXIT.done) || codes.includes(EXIT.partly) ? EXIT.partly : EXIT.failed;
}

import type { DrainSource } from '../domain/drain/source.ts';
import { TierdError } from '../domain/errors.ts';
import { suggest } from '../domain/suggest.ts';

/**
 * The sources that were named, in the order of the configuration, each once. Throws USAGE with every
 * name that is not configured.
 */
export function selectSources(
  sources: readonly DrainSource[],
  names: readonly string[],
): readonly DrainSource[] {
  const known = sources.map(({ name }) => name);
  const unknown = [...new Set(names)].filter((name) => !known.includes(name));
  if (unknown.length === 0) return sources.filter(({ name }) => names.includes(name));
  throw new TierdError({
    code: 'USAGE',
    message: `The drain has no source ${unknown.join(', ')}; nothing was done.`,
    hint: 'Sources stand under `drain.sources:` in the configuration.',
    context: {
      problems: unknown.map((name) => {
        const near = suggest(name, known);
        if (near !== undefined)
          return { where: name, message: `no such source; did you mean ${near}?` };
        const expected = known.length === 0 ? 'none is configured' : `one of ${known.join(', ')}`;
        return { where: name, message: 'no such source', expected };
      }),
    },
  });
}

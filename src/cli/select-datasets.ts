import type { Dataset } from '../domain/dataset.ts';
import { TierdError } from '../domain/errors.ts';
import { suggest } from '../domain/suggest.ts';

/** Throws USAGE when it is not configured. */
export function selectDataset(datasets: readonly Dataset[], name: string): Dataset {
  const [dataset] = selectDatasets(datasets, [name]);
  if (dataset === undefined) throw new RangeError(`no dataset ${name}`);
  return dataset;
}

/**
 * The datasets that were named, in the order of the configuration, each once. Throws USAGE with
 * every name that is not configured.
 */
export function selectDatasets(
  datasets: readonly Dataset[],
  names: readonly string[],
): readonly Dataset[] {
  const known = datasets.map(({ name }) => name);
  const unknown = [...new Set(names)].filter((name) => !known.includes(name));
  if (unknown.length > 0) {
    const problems = unknown.map((name) => {
      const near = suggest(name, known);
      return near === undefined
        ? { where: name, message: 'no such dataset', expected: `one of ${known.join(', ')}` }
        : { where: name, message: `no such dataset; did you mean ${near}?` };
    });
    throw new TierdError({
      code: 'USAGE',
      message:
        unknown.length === 1
          ? `The dataset ${unknown.join('')} is not configured; nothing was done.`
          : `${unknown.length} datasets are not configured; nothing was done.`,
      hint: 'Datasets stand under `datasets:` in the configuration; `tierd config check` lists them.',
      context: { problems },
    });
  }
  return datasets.filter(({ name }) => names.includes(name));
}

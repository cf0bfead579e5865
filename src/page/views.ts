/** The views and their addresses, pure. */

export const VIEWS = ['overview', 'datasets', 'data', 'ask', 'runs'] as const;

export interface View {
  readonly name: (typeof VIEWS)[number];
  /** The dataset that is open, in the views that have one. */
  readonly dataset: string | null;
}

const OVERVIEW: View = { name: 'overview', dataset: null };

/** `#/datasets/news`; what nobody knows is the overview. */
export function viewOf(hash: string): View {
  const [, name, ...rest] = hash.split('/');
  const found = VIEWS.find((view) => view === name);
  if (found === undefined) return OVERVIEW;
  const dataset = rest.join('/');
  const hasDataset = found === 'datasets' || found === 'data';
  return { name: found, dataset: hasDataset && dataset !== '' ? decoded(dataset) : null };
}

export function hashOf({ name, dataset }: View): string {
  return `#/${name}${dataset === null ? '' : `/${encodeURIComponent(dataset)}`}`;
}

/** A person may type anything into the address. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

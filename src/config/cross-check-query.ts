/** What can only be judged of queries by looking at several values together. */
import { maintenanceSection } from './maintenance-section.ts';
import { asRecord, formatPath } from './path.ts';
import { LEAST_ALLOWANCE_BYTES } from './query-section.ts';
import { parseDuration, parseSize } from './units.ts';
import type { PlacedProblem } from './validate.ts';

export function checkQuery(root: Readonly<Record<string, unknown>>): PlacedProblem[] {
  return [...checkMemory(root), ...checkSharedCache(root)];
}

function checkSharedCache(root: Readonly<Record<string, unknown>>): PlacedProblem[] {
  const { shared_cache: shared, cache } = asRecord(root['query']);
  if (shared === undefined) return [];
  const path = ['query', 'shared_cache'];
  const problem = (found: string, expected: string, key: readonly string[] = []): PlacedProblem => {
    const place = [...path, ...key];
    return { where: formatPath(place), path: place, found, expected };
  };
  const { ttl } = asRecord(shared);
  return [
    ...(root['redis'] === undefined
      ? [problem('no redis section', 'a redis section, where the answers lie')]
      : []),
    ...(bytesOf(cache) === 0
      ? [problem('query.cache: 0MB', 'a query.cache, which answers come from first')]
      : []),
    ...(durationOf(ttl) === 0 ? [problem(String(ttl), 'more than no time at all', ['ttl'])] : []),
  ];
}

function checkMemory(root: Readonly<Record<string, unknown>>): PlacedProblem[] {
  const { max_memory: given } = asRecord(root['query']);
  const { memory_limit: limit = maintenanceSection.parse({}).memory_limit } = asRecord(
    root['maintenance'],
  );
  const [bytes, limitBytes] = [bytesOf(given), bytesOf(limit)];
  if (bytes === null || limitBytes === null) return [];
  if (bytes >= limitBytes + LEAST_ALLOWANCE_BYTES) return [];
  const path = ['query', 'max_memory'];
  return [
    {
      where: formatPath(path),
      path,
      found: `${String(given)}, beside maintenance.memory_limit: ${String(limit)}`,
      expected: 'at least 256MB more than maintenance.memory_limit: the program needs them besides',
    },
  ];
}

const bytesOf = (value: unknown): number | null => parsed(value, parseSize);
const durationOf = (value: unknown): number | null => parsed(value, parseDuration);

/** Null for what the schema complains about. */
function parsed(value: unknown, parse: (text: string) => number): number | null {
  try {
    return typeof value === 'string' ? parse(value) : null;
  } catch {
    return null;
  }
}

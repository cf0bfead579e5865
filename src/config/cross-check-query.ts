/** What can only be judged of queries by looking at several values together. */
import { maintenanceSection } from './maintenance-section.ts';
import { asRecord, formatPath } from './path.ts';
import { LEAST_ALLOWANCE_BYTES } from './query-section.ts';
import { parseSize } from './units.ts';
import type { PlacedProblem } from './validate.ts';

export function checkQuery(root: Readonly<Record<string, unknown>>): PlacedProblem[] {
  return [...checkMemory(root), ...checkSharedCache(root)];
}

function checkSharedCache(root: Readonly<Record<string, unknown>>): PlacedProblem[] {
  const { shared_cache: shared, cache } = asRecord(root['query']);
  if (shared === undefined) return [];
  const path = ['query', 'shared_cache'];
  const where = formatPath(path);
  return [
    ...(root['redis'] === undefined
      ? [{ where, path, found: 'no redis section', expected: 'a redis section, where it lies' }]
      : []),
    ...(bytesOf(cache) === 0
      ? [
          {
            where,
            path,
            found: 'query.cache: 0MB',
            expected: 'a query.cache, which answers come from first',
          },
        ]
      : []),
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

/** Null for what the schema complains about. */
function bytesOf(value: unknown): number | null {
  try {
    return typeof value === 'string' ? parseSize(value) : null;
  } catch {
    return null;
  }
}

/** Where a value stands in the configuration: keys and list positions, from the top. */
export type ConfigPath = readonly PropertyKey[];

/** `datasets.market_data.sort_by[1]`. */
export function formatPath(path: ConfigPath): string {
  return path
    .map((key, index) => {
      if (typeof key === 'number') return `[${String(key)}]`;
      return index === 0 ? String(key) : `.${String(key)}`;
    })
    .join('');
}

/** A copy of `root` in which `path` holds `value`. */
export function withValueAt(root: unknown, path: ConfigPath, value: unknown): unknown {
  const [key, ...rest] = path;
  if (key === undefined) return value;
  if (Array.isArray(root)) {
    return root.map((item: unknown, index) =>
      index === key ? withValueAt(item, rest, value) : item,
    );
  }
  const record = asRecord(root);
  return { ...record, [key]: withValueAt(record[String(key)], rest, value) };
}

/** The mapping that `value` is, or an empty one. */
export function asRecord(value: unknown): Readonly<Record<string, unknown>> {
  return isRecord(value) ? value : {};
}

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

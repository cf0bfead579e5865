import { unsupported } from './sql-refusal.ts';

/**
 * Everything that a node says is looked at: a field that a newer parser brings refuses the statement.
 *
 * @throws SqlRefusal 0A000
 */
export function knownFields<T extends object>(
  node: T,
  kind: string,
  fields: readonly (keyof T)[],
): T {
  for (const field of Object.keys(node)) {
    if (field === 'location' || fields.includes(field as keyof T)) continue;
    const { location } = node as { readonly location?: number };
    throw unsupported(`${kind} with ${field}`, undefined, location);
  }
  return node;
}

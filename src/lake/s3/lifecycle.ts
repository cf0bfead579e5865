/** Rules by which a bucket removes or moves objects by itself, and what those of them are to a lake that is there. */
import type { LifecycleRule as SdkRule } from '@aws-sdk/client-s3';

export interface LifecycleRule {
  readonly id: string;
  /** Only what begins so. */
  readonly prefix: string;
  readonly expires: boolean;
  /** Storage classes that it moves objects to. */
  readonly movesTo: readonly string[];
}

/** Those in force that apply to objects below `root`, which is empty or ends with a slash. */
export function rulesOver(rules: readonly SdkRule[], root: string): readonly LifecycleRule[] {
  return rules.flatMap((rule) => {
    const { ID = '', Status, Filter, Expiration, Transitions = [] } = rule;
    const all = Filter?.And ?? Filter;
    // As it was written before there were filters, and may still be.
    const prefix = all?.Prefix ?? (rule as { readonly Prefix?: string }).Prefix ?? '';
    // tierd gives its objects no tags.
    const isByTag = Filter?.Tag !== undefined || (Filter?.And?.Tags ?? []).length > 0;
    const concerns = prefix.startsWith(root) || root.startsWith(prefix);
    if (Status !== 'Enabled' || isByTag || !concerns) return [];
    const expires = Expiration?.Days !== undefined || Expiration?.Date !== undefined;
    const movesTo = Transitions.flatMap(({ StorageClass }) => StorageClass ?? []);
    return [{ id: ID, prefix, expires, movesTo }];
  });
}

/** What is there is read at once only after it was thawed, for money and in hours. */
const FROZEN: ReadonlySet<string> = new Set(['GLACIER', 'DEEP_ARCHIVE']);

/** What they would do to segments that the ledger counts on, each a sentence. */
export function harmsOf(rules: readonly LifecycleRule[]): readonly string[] {
  return rules.flatMap(({ id, prefix, expires, movesTo }) => {
    const rule = `the rule ${id === '' ? 'without a name' : `"${id}"`}, for ${prefix === '' ? 'all of the bucket' : `what begins with ${prefix}`},`;
    const frozen = movesTo.filter((name) => FROZEN.has(name));
    return [
      ...(expires ? [`${rule} removes segments that the ledger counts on`] : []),
      ...(frozen.length === 0
        ? []
        : [`${rule} moves segments to ${frozen.join(' and ')}, where they can't be read`]),
    ];
  });
}

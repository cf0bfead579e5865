/**
 * A table as it would be after rows were written to it, as a relation that a SELECT reads: by the very rules
 * of `write-statements`, and without a write.
 */
import { quoteName } from '../quote.ts';
import type { RowRules } from './row-rules.ts';
import { isChangedOf, isNewerOf, onePerKey, type WriteTarget } from './write-statements.ts';

/**
 * @param base a table's name, or a relation in parentheses
 * @param given a SELECT of `givenRows`, without rows that a write would refuse
 * @param rounds how many of the given rows share one key, at most
 * @returns a relation in parentheses, with the table's columns
 */
export function relationAfter(
  base: string,
  given: string,
  rules: RowRules,
  target: WriteTarget,
  rounds: number,
): string {
  const { key, merge } = target;
  if (key === null) {
    const all = rules.columns.map(({ name }) => quoteName(name)).join(', ');
    return `(select ${all} from ${base} as held union all select ${all} from (${given}) as given)`;
  }
  if (!merge) {
    return written(base, `(${onePerKey(target, key, given, '*')})`, rules, target, key);
  }
  // Each of a key's claims has fields that the others lack: they go in in their order.
  const keys = key.map(quoteName).join(', ');
  const ranked = `(select *, row_number() over (partition by ${keys} order by "tierd n") as "tierd r" from (${given}) as given)`;
  let relation = base;
  for (let round = 1; round <= rounds; round += 1) {
    const some = `(select * from ${ranked} as given where "tierd r" = ${String(round)})`;
    relation = written(relation, some, rules, target, key);
  }
  return relation;
}

/** How many of the given rows have one key, at most. */
export function countOfKey(given: string, key: readonly string[]): string {
  const keys = key.map(quoteName).join(', ');
  return `select coalesce(max(count), 0)::int as count from (select count(*) as count from (${given}) as given group by ${keys}) as counted`;
}

/** @param given no two rows of it have one key */
function written(
  base: string,
  given: string,
  rules: RowRules,
  target: WriteTarget,
  key: readonly string[],
): string {
  const same = key
    .map((name) => `held.${quoteName(name)} = given.${quoteName(name)}`)
    .join(' and ');
  const isAbsent = `held.${quoteName(key[0] ?? '')} is null`;
  const others = target.columns.filter(({ name }) => !key.includes(name));
  const staysAsItWas = others.length === 0 || isTakenOnce(target);
  const replaced = staysAsItWas ? null : replacedOf(target, others);
  const all = rules.columns.map(({ name }) => `held.${quoteName(name)}`).join(', ');
  const kept =
    replaced === null
      ? `select ${all} from ${base} as held`
      : `select ${all} from ${base} as held where not exists (select from ${given} as given where ${same} and ${replaced})`;
  const plain = rules.columns
    .filter(({ generated }) => generated === null)
    .map((column) => {
      const name = quoteName(column.name);
      if (column.given < 0 || key.includes(column.name)) {
        return `case when ${isAbsent} then given.${name} else held.${name} end as ${name}`;
      }
      return `${target.merge ? mergedOf(target, name) : `given.${name}`} as ${name}`;
    });
  const fresh = replaced === null ? isAbsent : `(${isAbsent} or ${replaced})`;
  const rows = `select ${plain.join(', ')} from ${given} as given left join ${base} as held on ${same} where ${fresh}`;
  // Where a claim's fields are not enough for a row, it is a dead letter.
  const isWhole = rules.columns.flatMap(({ name, isRequired }) =>
    target.merge && isRequired ? [`${quoteName(name)} is not null`] : [],
  );
  const whole = isWhole.length === 0 ? '' : ` where ${isWhole.join(' and ')}`;
  const list = rules.columns.map(({ name, generated }) =>
    generated === null ? quoteName(name) : `(${generated}) as ${quoteName(name)}`,
  );
  return `(${kept} union all select ${list.join(', ')} from (${rows}) as given${whole})`;
}

/** Where one key is another's, that one stays. */
function isTakenOnce({ sameKey }: WriteTarget): boolean {
  return sameKey === 'first' || sameKey === 'error';
}

function replacedOf(target: WriteTarget, others: WriteTarget['columns']): string {
  const { merge, version } = target;
  const changed = isChangedOf(others, (name) => excludedOf(target, name));
  if (merge) return changed;
  return `${isNewerOf(version, (name) => excludedOf(target, name))} and ${changed}`;
}

/** What the statement would insert, had it met nothing. */
function excludedOf({ merge }: WriteTarget, name: string): string {
  return merge ? `coalesce(given.${name}, held.${name})` : `given.${name}`;
}

function mergedOf(target: WriteTarget, name: string): string {
  const newer = `coalesce(given.${name}, held.${name})`;
  if (target.version === null) return newer;
  const isNewer = isNewerOf(target.version, (version) => excludedOf(target, version));
  // Null where there is no row that is held: both are then what is given.
  return `case when ${isNewer} then ${newer} else coalesce(held.${name}, given.${name}) end`;
}

/** What readers that are given a folder and no catalogue may have of a table already. */
import { icebergFolder } from '../../../lake/object-key.ts';
import type { ObjectStore } from '../../../lake/object-store.ts';

/** The last version in the lake: some engines take the highest, whatever the hint says. 0 where there is none. */
export async function shownVersion(
  store: Pick<ObjectStore, 'list'>,
  dataset: string,
): Promise<number> {
  let last = 0;
  for await (const { key } of store.list(`${icebergFolder(dataset)}/metadata/`)) {
    last = Math.max(last, Number(/\/v(\d+)\.metadata\.json$/.exec(key)?.[1] ?? 0));
  }
  return last;
}

/** Steps of one kind, some at once, in order. After a failure none is begun, and the first reason is thrown. */
export async function someAtOnce<Item>(
  width: number,
  items: readonly Item[],
  step: (item: Item) => Promise<void>,
): Promise<void> {
  let hasFailed = false;
  const waiting = items.values();
  const work = async (): Promise<void> => {
    // All workers take from this one iterator.
    for (const item of waiting) {
      if (hasFailed) return;
      try {
        await step(item);
      } catch (error) {
        hasFailed = true;
        throw error;
      }
    }
  };
  const ends = await Promise.allSettled(Array.from({ length: width }, work));
  for (const end of ends) if (end.status === 'rejected') throw end.reason;
}

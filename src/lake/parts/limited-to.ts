/** Steps that share something of which there is only so much; the others wait, in the order that they came in. */

/** @param weight what the step takes of it: 1 unless given, and all of it where it would take more */
export type Limited = <Result>(step: () => Promise<Result>, weight?: number) => Promise<Result>;

export function limitedTo(total: number): Limited {
  let free = total;
  const waiting: { readonly taken: number; readonly admit: () => void }[] = [];
  const admitNext = (): void => {
    for (let next = waiting[0]; next !== undefined && next.taken <= free; next = waiting[0]) {
      waiting.shift();
      free -= next.taken;
      next.admit();
    }
  };
  return async (step, weight = 1) => {
    const taken = Math.min(weight, total);
    await new Promise<void>((admit) => {
      waiting.push({ taken, admit });
      admitNext();
    });
    try {
      return await step();
    } finally {
      free += taken;
      admitNext();
    }
  };
}

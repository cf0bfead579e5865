/** Steps of which only so many are under way at once; the others wait, in the order that they came in. */

export type Limited = <Result>(step: () => Promise<Result>) => Promise<Result>;

export function limitedTo(atOnce: number): Limited {
  let free = atOnce;
  const waiting: (() => void)[] = [];
  return async (step) => {
    if (free > 0) free -= 1;
    else await new Promise<void>((resolve) => waiting.push(resolve));
    try {
      return await step();
    } finally {
      const next = waiting.shift();
      if (next === undefined) free += 1;
      else next();
    }
  };
}

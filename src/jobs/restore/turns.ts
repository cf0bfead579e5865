/** What slices that come back side by side wait for: to make what their rows have need of. */

/** Slices of a run, one of which at a time makes partitions or chunks. */
export interface Turns {
  /**
   * Brings rows in, by `bring`, once `make` has made a place for them.
   *
   * @param make whether there is one; where there is none the rows make their own, which others have to wait for
   */
  bringing(make: () => Promise<boolean>, bring: () => Promise<void>): Promise<void>;
}

export function takeTurns(): Turns {
  let before: Promise<unknown> = Promise.resolve();
  const inTurn = <Result>(work: () => Promise<Result>): Promise<Result> => {
    const mine = before.then(work);
    before = mine.catch(() => undefined);
    return mine;
  };
  return {
    async bringing(make, bring) {
      const isMade = await inTurn(async () => {
        const hasPlace = await make();
        if (!hasPlace) await bring();
        return hasPlace;
      });
      if (isMade) await bring();
    },
  };
}

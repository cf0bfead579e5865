/** Something new, whoever it is from: the one that waits looks by itself what it is. */
export class Bell {
  #isRung = false;
  #onRing: (() => void) | null = null;

  readonly ring = (): void => {
    this.#isRung = true;
    this.#onRing?.();
  };

  /** Resolves at once where it was rung since the last time. One waits at a time. */
  async heard(): Promise<void> {
    if (!this.#isRung) {
      await new Promise<void>((resolve) => {
        this.#onRing = resolve;
      });
    }
    this.#onRing = null;
    this.#isRung = false;
  }
}

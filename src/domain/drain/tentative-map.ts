/**
 * A map whose latest changes count only once they are kept: what the rules remember must not run
 * ahead of what was committed, for entries that come again would then be told from themselves.
 */
export class TentativeMap<Value> {
  readonly #kept = new Map<string, Value>();
  #changes = new Map<string, Value>();
  readonly #maxEntries: number;

  /** The entries that were set longest ago are forgotten when there are more. */
  constructor(maxEntries: number) {
    this.#maxEntries = maxEntries;
  }

  get(key: string): Value | undefined {
    return this.#changes.get(key) ?? this.#kept.get(key);
  }

  set(key: string, value: Value): void {
    this.#changes.set(key, value);
  }

  keep(): void {
    for (const [key, value] of this.#changes) {
      this.#kept.delete(key);
      this.#kept.set(key, value);
    }
    for (const key of this.#kept.keys()) {
      if (this.#kept.size <= this.#maxEntries) break;
      this.#kept.delete(key);
    }
    this.#changes = new Map();
  }

  forget(): void {
    this.#changes = new Map();
  }
}

/** An engine that nothing has been asked of yet, opened while nobody waits for it. */
import { type Engine, openEngine } from './engine.ts';

export class SpareEngine {
  #spare: Promise<Engine> | null = null;

  /** Opens one for the next question. */
  prepare(): void {
    this.#spare ??= openEngine();
    // Told to whoever takes it.
    this.#spare.catch(() => undefined);
  }

  /** Each is given away once. */
  take(): Promise<Engine> {
    const spare = this.#spare ?? openEngine();
    this.#spare = null;
    return spare;
  }
}

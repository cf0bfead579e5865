/** Engines of questions that come one after the other: opened before one is waited for, closed when it is answered. */
import { type Engine, openEngine } from './engine.ts';

export class SpareEngine {
  #spare: Promise<Engine> | null = null;
  readonly #used: Engine[] = [];

  /** Opens one for the next question, and closes what the last one used: nobody waits for either. */
  async prepare(): Promise<void> {
    this.#spare ??= openEngine();
    // Told to whoever takes it.
    this.#spare.catch(() => undefined);
    for (const engine of this.#used.splice(0)) await engine.close();
  }

  /** Each is given away once; its `close` says that it is used no more. */
  async take(): Promise<Engine> {
    const spare = this.#spare ?? openEngine();
    this.#spare = null;
    const engine = await spare;
    const close = (): Promise<void> => {
      this.#used.push(engine);
      return Promise.resolve();
    };
    return { ...engine, close };
  }
}

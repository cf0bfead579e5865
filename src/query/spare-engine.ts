/** Engines of questions that come one after the other: opened before one is waited for, closed when it is answered. */
import { type Engine, type EngineBounds, openEngine } from './engine.ts';

export class SpareEngine {
  #spare: Promise<Engine> | null = null;
  /** Of the last question: the next one is likely to have the same. */
  #bounds: EngineBounds | null = null;
  readonly #used: Engine[] = [];

  /** Closes what the last question used, and opens one for the next. Never rejects: what fails is told to whoever takes it. */
  async prepare(): Promise<void> {
    // A question may take it before it is open.
    const spare = this.#spare ?? openEngine(this.#bounds);
    this.#spare = spare;
    spare.catch(() => undefined);
    // What it leaves on disk its parent removes as well.
    for (const engine of this.#used.splice(0)) await engine.close().catch(() => undefined);
    await spare.catch(() => undefined);
  }

  /** Each is given away once; its `close` says that it is used no more. */
  async take(bounds: EngineBounds): Promise<Engine> {
    const spare = this.#spare ?? openEngine(bounds);
    this.#bounds = bounds;
    this.#spare = null;
    const engine = await spare;
    const close = (): Promise<void> => {
      this.#used.push(engine);
      return Promise.resolve();
    };
    return { ...engine, close };
  }
}

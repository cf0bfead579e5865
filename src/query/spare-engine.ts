/** Engines of questions that come one after the other: opened before one is waited for, closed when it is answered. */
import { type Engine, openEngine } from './engine.ts';

export class SpareEngine {
  #spare: Promise<Engine> | null = null;
  readonly #used: Engine[] = [];

  /** Closes what the last question used, and opens one for the next. Never rejects: what fails is told to whoever takes it. */
  async prepare(): Promise<void> {
    this.#spare ??= openEngine();
    for (const engine of this.#used.splice(0)) await engine.close();
    await this.#spare.catch(() => undefined);
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

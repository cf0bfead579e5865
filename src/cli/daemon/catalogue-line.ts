/** The line to PostgreSQL by which its catalogue is asked for all sessions: one after the other, kept open while it is used. */
import type { TierdConfig } from '../../config/load.ts';
import type { AskHot } from '../../faces/postgres/face-desk.ts';
import { MessageLine } from '../../hot/server/message-line.ts';

const IDLE_MS = 60_000;

export class CatalogueLine {
  readonly #config: () => TierdConfig;
  #line: MessageLine | null = null;
  #idle: NodeJS.Timeout | undefined;
  #last: Promise<unknown> = Promise.resolve();

  constructor(config: () => TierdConfig) {
    this.#config = config;
  }

  readonly ask: AskHot = (...question) => {
    const asked = this.#last.then(() => this.#ask(...question));
    this.#last = asked.catch(() => undefined);
    return asked;
  };

  async close(): Promise<void> {
    await this.#last;
    clearTimeout(this.#idle);
    await this.#hangUp();
  }

  async #ask(...question: Parameters<AskHot>): Promise<void> {
    clearTimeout(this.#idle);
    const { url, connectTimeoutMs } = this.#config().postgres;
    if (this.#line?.isBroken === true) this.#line = null;
    this.#line ??= await MessageLine.open({ url, connectTimeoutMs, job: 'query' });
    try {
      await this.#line.exchange(...question);
    } catch (error) {
      // Half of an answer may still be on its way.
      await this.#hangUp();
      throw error;
    } finally {
      this.#idle = setTimeout(() => void this.#hangUp(), IDLE_MS).unref();
    }
  }

  async #hangUp(): Promise<void> {
    const line = this.#line;
    this.#line = null;
    await line?.close();
  }
}

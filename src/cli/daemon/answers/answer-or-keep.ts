/** Answers from memory, this daemon's or that of several, what is still true there, and keeps what is answered anew. */
import type { TierdConfig } from '../../../config/load.ts';
import type {
  AskedQuery,
  QueryEnd,
  QueryHandler,
  QueryHead,
} from '../../../http/queries/query-desk.ts';
import type { Repeatable } from '../../../query/cache/standing.ts';
import { AnswerCopy, type KeptAnswer, KeptAnswers, questionText } from './kept-answers.ts';
import { SharedAnswers } from './shared-answers.ts';
import { StillTrueLine } from './still-true-line.ts';

export interface AnsweredAnew extends QueryEnd {
  readonly repeatable: Repeatable | null;
}

export class AnswerOrKeep {
  readonly #answers: KeptAnswers | null;
  readonly #shared = new SharedAnswers();
  readonly #line = new StillTrueLine();
  #config: TierdConfig | null = null;

  /** @param maxBytes 0: nothing is kept */
  constructor(maxBytes: number) {
    this.#answers = maxBytes === 0 ? null : new KeptAnswers(maxBytes);
  }

  get mayKeep(): boolean {
    return this.#answers !== null;
  }

  /** @param answer asks in full */
  async run(
    config: TierdConfig,
    asked: AskedQuery,
    handler: QueryHandler,
    answer: (handler: QueryHandler) => Promise<AnsweredAnew>,
  ): Promise<QueryEnd> {
    const answers = this.#answers;
    if (answers === null) return answer(handler);
    // Which datasets there are, how their columns are held, what is refused: all of it is configured.
    if (this.#config !== config) answers.clear();
    this.#config = config;
    const question = questionText(asked);
    const startedMs = performance.now();
    const kept = await this.#findTrue(config, answers, question);
    if (kept !== null) {
      const end = { ...kept.end, elapsedMs: performance.now() - startedMs };
      handler.onHead({ ...kept.head, fetched: null, isCached: true });
      handler.onWhole(end);
      await handler.write(kept.body);
      return end;
    }
    const copy = new AnswerCopy(answers.maxBytesOfOne);
    const seen: { head?: QueryHead } = {};
    const { repeatable, ...end } = await answer({
      ...handler,
      onHead: (found) => {
        seen.head = found;
        handler.onHead(found);
      },
      write: async (part) => {
        copy.add(part);
        await handler.write(part);
      },
    });
    const body = copy.body();
    const { head } = seen;
    // A reload meanwhile has forgotten all that was.
    const isCurrent = this.#config === config;
    if (repeatable !== null && body !== null && head !== undefined && isCurrent) {
      const anew = { head, end, body, repeatable };
      answers.keep(question, anew);
      // Nobody waits for it.
      void this.#shared.keep(config, question, anew);
    }
    return end;
  }

  async #findTrue(
    config: TierdConfig,
    answers: KeptAnswers,
    question: string,
  ): Promise<KeptAnswer | null> {
    const own = answers.find(question);
    if (own !== undefined) {
      if (await this.#line.ask(config, own.repeatable)) return own;
      answers.forget(question);
    }
    const shared = await this.#shared.find(config, question);
    if (shared === null || !(await this.#line.ask(config, shared.repeatable))) return null;
    if (this.#config === config) answers.keep(question, shared);
    return shared;
  }

  async close(): Promise<void> {
    this.#shared.close();
    await this.#line.close();
  }
}

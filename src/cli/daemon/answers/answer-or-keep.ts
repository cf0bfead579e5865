/** Answers from memory what is still true there, and keeps what is answered anew. */
import type { TierdConfig } from '../../../config/load.ts';
import type {
  AskedQuery,
  QueryEnd,
  QueryHandler,
  QueryHead,
} from '../../../http/queries/query-desk.ts';
import type { Repeatable } from '../../../query/cache/standing.ts';
import { AnswerCopy, KeptAnswers, questionText } from './kept-answers.ts';
import { StillTrueLine } from './still-true-line.ts';

export interface AnsweredAnew extends QueryEnd {
  readonly repeatable: Repeatable | null;
}

export class AnswerOrKeep {
  readonly #answers: KeptAnswers | null;
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
    const kept = answers.find(question);
    if (kept !== undefined) {
      if (await this.#line.ask(config, kept.repeatable)) {
        const end = { ...kept.end, elapsedMs: performance.now() - startedMs };
        handler.onHead({ ...kept.head, isCached: true });
        handler.onWhole(end);
        await handler.write(kept.body);
        return end;
      }
      answers.forget(question);
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
      answers.keep(question, { head, end, body, repeatable });
    }
    return end;
  }

  async close(): Promise<void> {
    await this.#line.close();
  }
}

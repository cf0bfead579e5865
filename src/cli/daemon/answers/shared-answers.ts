/**
 * Answers that this daemon and others have in Redis together. None of them is believed: it is compared with what
 * PostgreSQL has now, as one of this daemon's own. Redis that does not answer costs a question nothing but a moment.
 */
import { createHash } from 'node:crypto';
import type { TierdConfig } from '../../../config/load.ts';
import { unlessAborted } from '../../../domain/unless-aborted.ts';
import { findAnswer, keepAnswer } from '../../../live/answer-store.ts';
import type { LiveStore } from '../../../live/connect.ts';
import { readVersion } from '../../version.ts';
import { decodeAnswer, encodeAnswer } from './answer-bytes.ts';
import type { KeptAnswer } from './kept-answers.ts';

/** Longer, and it is no gain over asking. */
const LIMIT_MS = 500;
/** After a failure nobody waits for Redis for so long. */
const PAUSE_MS = 30_000;

export class SharedAnswers {
  readonly #version = readVersion();
  #config: TierdConfig | null = null;
  #opening: Promise<LiveStore> | null = null;
  #pausedUntilMs = 0;

  /** Null where there is none, or none is shared. */
  async find(config: TierdConfig, question: string): Promise<KeptAnswer | null> {
    const found = await this.#within(config, (store) =>
      findAnswer(store, this.#idOf(config, question)),
    );
    return found === null ? null : decodeAnswer(found);
  }

  async keep(config: TierdConfig, question: string, answer: KeptAnswer): Promise<void> {
    const limits = config.query.sharedCache;
    if (limits === null) return;
    await this.#within(config, (store) =>
      keepAnswer(store, this.#idOf(config, question), encodeAnswer(answer), limits),
    );
  }

  close(): void {
    void this.#opening?.then(
      (store) => store.close(),
      () => undefined,
    );
    this.#opening = null;
  }

  /** Equal: the same program, asked the same, of datasets that are configured alike. */
  #idOf({ datasets }: TierdConfig, question: string): string {
    return createHash('sha256')
      .update(JSON.stringify([this.#version, datasets, question]))
      .digest('hex');
  }

  /** Null where nothing is shared, or Redis did not do it in time. */
  async #within<Result>(
    config: TierdConfig,
    work: (store: LiveStore) => Promise<Result>,
  ): Promise<Result | null> {
    const { redis } = config;
    if (config.query.sharedCache === null || redis === undefined) return null;
    if (this.#config !== config) {
      this.close();
      this.#config = config;
      this.#pausedUntilMs = 0;
    }
    if (performance.now() < this.#pausedUntilMs) return null;
    const late = new AbortController();
    const timer = setTimeout(() => late.abort(), LIMIT_MS);
    try {
      const done = await unlessAborted(this.#open(redis).then(work), late.signal);
      if (!late.signal.aborted) return done;
    } catch {
      // As what comes too late: the question is asked in full.
    } finally {
      clearTimeout(timer);
    }
    this.#pausedUntilMs = performance.now() + PAUSE_MS;
    this.close();
    return null;
  }

  async #open(redis: NonNullable<TierdConfig['redis']>): Promise<LiveStore> {
    this.#opening ??= import('../../../live/connect.ts').then(({ connectLive }) =>
      connectLive(redis, 'answers'),
    );
    return this.#opening;
  }
}

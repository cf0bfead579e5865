/**
 * How often a test killed: said with the test by the verbose reporter, and summed up in the run's last
 * lines. One that was to be killed and ended before doesn't count.
 */
import type { TestContext } from 'vitest';

declare module 'vitest' {
  interface TaskMeta {
    kills?: number;
  }
}

export class KillCount {
  readonly #context: Pick<TestContext, 'task' | 'annotate'>;

  constructor(context: Pick<TestContext, 'task' | 'annotate'>) {
    this.#context = context;
    context.task.meta.kills = 0;
  }

  get kills(): number {
    return this.#context.task.meta.kills ?? 0;
  }

  add(): void {
    this.#context.task.meta.kills = this.kills + 1;
  }

  /** @param of what there was to be killed at; once everything was found right */
  async tell(of: string): Promise<void> {
    await this.#context.annotate(
      `kill -9: ${String(this.kills)} times, at ${of}; nothing lost, doubled or left over`,
    );
  }
}

export const partOf = (chosen: readonly number[], effects: readonly string[]): string =>
  `${String(chosen.length)} of ${String(effects.length)} effects`;

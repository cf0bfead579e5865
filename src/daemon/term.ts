/**
 * One term of leadership: from the catch-up at its begin, over the slots as they come, to the end of
 * the last job. Nothing of it outlives the lease.
 */

import { isDeepStrictEqual } from 'node:util';
import { agree, countOf } from '../domain/count.ts';
import type { EpochMs } from '../domain/time/time-range.ts';
import { type SlotHistory, slotToMakeUp } from './catch-up.ts';
import type { FireOutcome, JobDefinition } from './job.ts';
import { JobRunner, type RunnerParts } from './job-runner.ts';
import type { Leadership } from './leadership.ts';
import { nextDue, withJitter } from './schedule.ts';

export type TermParts = Omit<RunnerParts, 'ledger'>;

interface Entry {
  readonly definition: JobDefinition;
  readonly runner: JobRunner;
  /** The newest that had its run begun. */
  readonly lastSlotMs: EpochMs | null;
  readonly slotMs: EpochMs | null;
  /** The slot and its jitter. */
  readonly dueAtMs: EpochMs | null;
}

export class Term {
  readonly #parts: TermParts;
  readonly #leadership: Leadership;
  readonly #entries = new Map<string, Entry>();
  /** Of jobs that a reload took out: they end what they have begun. */
  readonly #leaving = new Set<Promise<void>>();
  #tickedAtMs: EpochMs;
  #paused: ReadonlySet<string> = new Set();

  private constructor(leadership: Leadership, parts: TermParts) {
    this.#leadership = leadership;
    this.#parts = parts;
    this.#tickedAtMs = parts.clock.now();
  }

  /** Throws what the ledger throws; nothing has been started then. */
  static async begin(
    definitions: readonly JobDefinition[],
    leadership: Leadership,
    parts: TermParts,
    paused: ReadonlySet<string>,
  ): Promise<Term> {
    const term = new Term(leadership, parts);
    term.#paused = paused;
    const abandoned = await leadership.ledger.abandonRuns();
    if (abandoned > 0) {
      parts.logger.warn(
        { runs: abandoned },
        `${countOf(abandoned, 'run')} of a daemon that is gone ${agree(abandoned, 'was', 'were')} marked as abandoned`,
      );
    }
    const history = await leadership.ledger.lastSlots();
    for (const definition of definitions) term.#add(definition, history.get(definition.name));
    return term;
  }

  /** Starts what is due. @returns milliseconds until it wants to be called again. */
  tick(): number {
    const now = this.#parts.clock.now();
    const isSetBack = now < this.#tickedAtMs - CLOCK_NOISE_MS;
    this.#tickedAtMs = now;
    for (const entry of this.#entries.values()) {
      if (entry.definition.isLoop) continue;
      const isDue = entry.dueAtMs !== null && entry.dueAtMs <= now;
      if (isDue) entry.runner.fire('schedule', entry.slotMs);
      if (isDue) this.#plan({ ...entry, lastSlotMs: entry.slotMs });
      else if (isSetBack) this.#plan(entry);
    }
    const dues = [...this.#entries.values()].flatMap(({ dueAtMs }) => dueAtMs ?? []);
    return Math.max(0, Math.min(MAX_PAUSE_MS, ...dues.map((due) => due - now)));
  }

  /** What runs goes on as it was begun, but for a command that loops: it begins anew. */
  redefine(definitions: readonly JobDefinition[]): void {
    const wanted = new Set(definitions.map(({ name }) => name));
    for (const [name, { runner }] of this.#entries) {
      if (!wanted.has(name)) {
        this.#entries.delete(name);
        this.#leave(runner.stop());
      }
    }
    for (const definition of definitions) {
      const entry = this.#entries.get(definition.name);
      if (entry === undefined) {
        this.#add(definition, undefined);
        continue;
      }
      entry.runner.redefine(definition);
      if (definition.isLoop) entry.runner.cancel('reload');
      const isSame = isDeepStrictEqual(entry.definition.schedule, definition.schedule);
      // A slot that waits for its jitter to pass is not forgotten.
      if (isSame) this.#entries.set(definition.name, { ...entry, definition });
      else this.#plan({ ...entry, definition });
    }
  }

  /** Of these names, those that are jobs of its own are paused, and all others are not. */
  setPaused(paused: ReadonlySet<string>): void {
    this.#paused = paused;
    for (const [name, { runner }] of this.#entries) runner.setPaused(paused.has(name));
  }

  /**
   * What a person asks for: past a pause and an open circuit, by the overlap policy; null for an unknown
   * job. A command that loops has no runs of its own to ask for: it runs, or is about to, or is paused.
   */
  fire(job: string): FireOutcome | null {
    const entry = this.#entries.get(job);
    if (entry?.definition.isLoop === true) return entry.runner.isPaused ? 'paused' : 'skip';
    return entry?.runner.fire('manual', null) ?? null;
  }

  cancel(job: string): boolean {
    return this.#entries.get(job)?.runner.cancel('cancel') ?? false;
  }

  /** Comes back when nothing runs any more. */
  async end(): Promise<void> {
    const runners = [...this.#entries.values()].map(({ runner }) => runner.stop());
    await Promise.all([...runners, ...this.#leaving]);
  }

  #add(definition: JobDefinition, history: SlotHistory | undefined): void {
    const { ledger } = this.#leadership;
    const runner = new JobRunner(definition, { ...this.#parts, ledger });
    runner.setPaused(this.#paused.has(definition.name));
    const lastSlotMs = history?.begunMs ?? null;
    this.#plan({ definition, runner, lastSlotMs, slotMs: null, dueAtMs: null });
    if (definition.isLoop) {
      runner.keepLooping();
      return;
    }
    const now = this.#parts.clock.now();
    const { name, schedule, catchUp } = definition;
    const missed = catchUp ? slotToMakeUp(schedule, history, now) : null;
    if (missed === null) {
      if (definition.beginsAtStart === true) runner.fire('schedule', now);
      return;
    }
    const when = runner.isPaused ? 'when it is resumed' : 'now';
    this.#parts.logger.info(
      { job: name },
      `${name}: its run of ${new Date(missed).toISOString()} is missing; it is made up for ${when}`,
    );
    runner.fire('catch_up', now);
  }

  #plan(entry: Entry): void {
    const { lastSlotMs } = entry;
    const { name, schedule, jitterMs, isLoop } = entry.definition;
    const slotMs = isLoop ? null : nextDue(schedule, this.#parts.clock.now(), lastSlotMs);
    const dueAtMs = slotMs === null ? null : withJitter(slotMs, jitterMs, this.#parts.random());
    this.#entries.set(name, { ...entry, slotMs, dueAtMs });
    this.#parts.dispatch({ job: name, kind: 'scheduled', nextAtMs: dueAtMs });
  }

  #leave(ended: Promise<void>): void {
    this.#leaving.add(ended);
    void ended.then(() => this.#leaving.delete(ended));
  }
}

/** Clocks are slewed and read with little errors; only more than this is a clock that was set. */
const CLOCK_NOISE_MS = 1_000;
/** So often the clock is looked at: one that is set, or a machine that slept, is soon noticed. */
const MAX_PAUSE_MS = 1_000;

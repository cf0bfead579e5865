/**
 * A writer that knows every row it ever committed, and the checker that finds each of them once in
 * hot ∪ cold. The writer only counts what PostgreSQL confirmed: an update or delete that met no row
 * (for it had moved to the lake) changed nothing.
 */
import { setTimeout as pause } from 'node:timers/promises';
import type pg from 'pg';
import { copyOf, dueInstant } from './scenario.ts';

/** id → version of the rows that must exist. */
export type Truth = Map<string, number>;

export async function readTruth(client: pg.Client, table: string): Promise<Truth> {
  const found = await client.query<{ id: string; version: number }>(
    `select id, version from ${table}`,
  );
  return new Map(found.rows.map((row) => [row.id, row.version]));
}

export class Writer {
  readonly #client: pg.Client;
  readonly #table: string;
  readonly #truth: Truth;
  readonly #random: () => number;
  /** Instead of deleting rows: a row that is gone from the hot store is not gone. */
  readonly #bringsAgain: boolean;
  #next = 1_000_000;
  #running: Promise<void> | null = null;
  #stopped = false;

  constructor(
    client: pg.Client,
    table: string,
    truth: Truth,
    random: () => number,
    bringsAgain = false,
  ) {
    this.#bringsAgain = bringsAgain;
    this.#client = client;
    this.#table = table;
    this.#truth = truth;
    this.#random = random;
  }

  start(): void {
    this.#stopped = false;
    this.#running = this.#run();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#running;
  }

  async #run(): Promise<void> {
    while (!this.#stopped) {
      await this.#step();
      await pause(this.#random() * 4);
    }
  }

  async #step(): Promise<void> {
    const dice = this.#random();
    const ids = [...this.#truth.keys()];
    const id = ids[Math.floor(this.#random() * ids.length)] ?? '0';
    if (dice < 0.5) {
      this.#next += 1;
      await this.#client.query(`insert into ${this.#table} values ($1, 'w', $2, 0, 1.5)`, [
        dueInstant(this.#next),
        this.#next,
      ]);
      this.#truth.set(String(this.#next), 0);
    } else if (dice < 0.85) {
      const version = (this.#truth.get(id) ?? 0) + 1;
      const updated = await this.#client.query(
        `update ${this.#table} set version = $2 where id = $1`,
        [id, version],
      );
      if (updated.rowCount === 1) this.#truth.set(id, version);
    } else if (this.#bringsAgain) {
      await this.#bringAgain(id, dice < 0.92 ? 0 : (this.#truth.get(id) ?? 0) + 1);
    } else {
      const deleted = await this.#client.query(`delete from ${this.#table} where id = $1`, [id]);
      if (deleted.rowCount === 1) this.#truth.delete(id);
    }
  }

  /** As an importer does that knows nothing of the lake: wherever the row lies, this is its value now. */
  async #bringAgain(id: string, version: number): Promise<void> {
    const written = await this.#client.query(
      `insert into ${this.#table} select time, symbol, id, $2, price from ${copyOf(this.#table)} where id = $1
       on conflict (id, time) do update set version = excluded.version`,
      [id, version],
    );
    if (written.rowCount === 1) this.#truth.set(id, version);
  }
}

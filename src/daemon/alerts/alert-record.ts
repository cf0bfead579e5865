/** Keeps what the leader has told in the ledger, and takes from there what the leader before it told. */
import type { ToldAlert } from '../../domain/alert.ts';
import type { AlertWatch } from './alert-watch.ts';

export interface AlertLedger {
  read(): Promise<readonly ToldAlert[]>;
  /** Does nothing for who leads no more. */
  write(token: string, alerts: readonly ToldAlert[]): Promise<void>;
}

type Watch = Pick<AlertWatch, 'adopt' | 'hasAdopted' | 'told'>;

export class AlertRecord {
  readonly #watch: Watch;
  readonly #ledger: AlertLedger;
  #written = '';
  #busy: Promise<void> | null = null;

  constructor(watch: Watch, ledger: AlertLedger) {
    this.#watch = watch;
    this.#ledger = ledger;
  }

  /** Called after each look with the token of the leader, or null. Comes back at once. */
  keep(token: string | null): void {
    if (token === null || this.#busy !== null) return;
    if (this.#watch.hasAdopted(token) && wordOf(this.#watch.told()) === this.#written) return;
    this.#busy = this.#keep(token).finally(() => {
      this.#busy = null;
    });
  }

  async close(): Promise<void> {
    await this.#busy;
  }

  async #keep(token: string): Promise<void> {
    try {
      if (!this.#watch.hasAdopted(token)) {
        const found = await this.#ledger.read();
        this.#written = wordOf(found);
        this.#watch.adopt(token, found);
        return;
      }
      const told = this.#watch.told();
      await this.#ledger.write(token, told);
      this.#written = wordOf(told);
    } catch {
      // The next look tries again, and that the ledger is away is told by the lease. A daemon that ends
      // before it is back leaves an alert that is told twice, which loses nothing.
    }
  }
}

/** What changes when something is told; a message may change with each survey, and no one hears of that. */
function wordOf(alerts: readonly ToldAlert[]): string {
  const words = alerts.map(({ id, toldAtMs, toldTo }) => [id, toldAtMs, [...toldTo].sort()]);
  return JSON.stringify(words.sort(([a], [b]) => (String(a) < String(b) ? -1 : 1)));
}

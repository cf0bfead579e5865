/** The settings of a session: what SET may change, what SHOW tells, what the client is told without asking. */
import { FaceError } from './face-error.ts';
import { byName, FIXED, fixedByName, readDuration, SETTINGS } from './known-settings.ts';

export interface ReportedSetting {
  readonly name: string;
  readonly value: string;
}

export interface SessionFacts {
  readonly user: string;
  /** Of the hot store, as `SHOW server_version` has it. */
  readonly serverVersion: string;
  readonly serverVersionNum: string;
}

/** Others are remembered and told again, and have no effect: clients set what they know of PostgreSQL. */
export class Settings {
  readonly #values = new Map<string, string>();
  readonly #fixed: ReadonlyMap<string, string>;
  /** What the client began with, which RESET comes back to. */
  #first: ReadonlyMap<string, string> = new Map();

  constructor({ user, serverVersion, serverVersionNum }: SessionFacts) {
    this.#fixed = new Map([
      ['session_authorization', user],
      ['server_version', serverVersion],
      ['server_version_num', serverVersionNum],
    ]);
  }

  /** What was set is what a reset comes back to. */
  settle(): void {
    this.#first = new Map(this.#values);
  }

  get timeZone(): string {
    return this.get('timezone');
  }

  /** Null: as long as any statement may take. */
  get statementTimeoutMs(): number | null {
    const ms = readDuration(this.get('statement_timeout'));
    return ms === 0 ? null : ms;
  }

  /** @throws FaceError 42704 for one that nobody has set */
  get(name: string): string {
    const key = name.toLowerCase();
    const value = this.#values.get(key) ?? this.#fixed.get(key);
    const preset = byName.get(key)?.preset ?? fixedByName.get(key)?.preset;
    if (value !== undefined) return value;
    if (preset !== undefined) return preset;
    throw new FaceError({
      sqlstate: '42704',
      message: `unrecognized configuration parameter "${name}"`,
    });
  }

  /** As PostgreSQL spells it. */
  shownName(name: string): string {
    const key = name.toLowerCase();
    return byName.get(key)?.name ?? fixedByName.get(key)?.name ?? name;
  }

  /**
   * @returns what the client has to be told; null where nothing
   * @throws FaceError 22023 for a value that can't be had, 55P02 for what can't be changed
   */
  set(name: string, value: string): ReportedSetting | null {
    const key = name.toLowerCase();
    if (fixedByName.has(key)) {
      throw new FaceError({
        sqlstate: '55P02',
        message: `parameter "${name}" cannot be changed`,
      });
    }
    const setting = byName.get(key);
    const read = setting?.read === undefined ? value : setting.read(value);
    if (read === null) {
      throw new FaceError({
        sqlstate: '22023',
        message: `invalid value for parameter "${setting?.name ?? name}": "${value}"`,
        hint: `tierd answers with ${setting?.expected ?? 'others'}.`,
      });
    }
    const before = this.#values.get(key) ?? setting?.preset;
    this.#values.set(key, read);
    return setting?.isReported === true && read !== before
      ? { name: setting.name, value: read }
      : null;
  }

  /** @param name all of them where null */
  reset(name: string | null): readonly ReportedSetting[] {
    const names = name === null ? [...this.#values.keys()] : [name.toLowerCase()];
    return names.flatMap((one) => {
      const setting = byName.get(one);
      const first = this.#first.get(one) ?? setting?.preset;
      const before = this.#values.get(one) ?? setting?.preset;
      if (this.#first.has(one)) this.#values.set(one, this.#first.get(one) ?? '');
      else this.#values.delete(one);
      const isNews = setting?.isReported === true && first !== before;
      return isNews ? [{ name: setting.name, value: first ?? '' }] : [];
    });
  }

  reported(): readonly ReportedSetting[] {
    return [...SETTINGS, ...FIXED]
      .filter(({ isReported }) => isReported === true)
      .map(({ name }) => ({ name, value: this.get(name) }));
  }

  /** Each by its name, for SHOW ALL. */
  all(): readonly ReportedSetting[] {
    const others = [...this.#values.keys()].filter((key) => !byName.has(key));
    return [...[...SETTINGS, ...FIXED].map(({ name }) => name), ...others]
      .map((name) => ({ name, value: this.get(name) }))
      .sort((a, b) => (a.name.toLowerCase() < b.name.toLowerCase() ? -1 : 1));
  }

  /** What a transaction may set and take back. */
  copy(): ReadonlyMap<string, string> {
    return new Map(this.#values);
  }

  /** @returns what the client has to be told */
  restore(values: ReadonlyMap<string, string>): readonly ReportedSetting[] {
    const before = this.reported();
    this.#values.clear();
    for (const [name, value] of values) this.#values.set(name, value);
    return this.reported().filter(({ value }, at) => value !== before[at]?.value);
  }
}

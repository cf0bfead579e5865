/** What a session makes of statements: portals, which run them. */
import type { PostgresReply } from '../../query/answer/postgres/postgres-reply.ts';
import { Answer } from './answers/answer.ts';
import { type CatalogueQuestion, describeCatalogue } from './catalogue/ask-catalogue.ts';
import { readCopyOptions } from './copy-options.ts';
import { readExplainOptions } from './explain-options.ts';
import type { ExplainOptions } from './face-desk.ts';
import { FaceError } from './face-error.ts';
import { readParameter } from './parameters.ts';
import { CataloguePortal } from './portals/catalogue-portal.ts';
import { CopyPortal } from './portals/copy-portal.ts';
import { Cursor, FetchPortal } from './portals/cursor.ts';
import { ExplainPortal } from './portals/explain-portal.ts';
import { CommandPortal, KnownRowsPortal } from './portals/known-portals.ts';
import type { Portal, RowsPortal, Run } from './portals/portal.ts';
import { QueryPortal } from './portals/query-portal.ts';
import { SilentPortal, UntouchedPortal } from './portals/untouched-portal.ts';
import { runCommand } from './run-command.ts';
import type { SessionRooms } from './session-rooms.ts';
import { constantRow } from './translate/constant-rows.ts';
import { readerIn } from './translate/in-place.ts';
import { instantIn } from './translate/instant.ts';
import type { Question, StatementKind } from './translate/statement-kinds.ts';
import { type Statement, statementsOf } from './understand.ts';
import { parameterDescription, parameterStatus } from './wire/backend.ts';

/** How a statement is bound. */
export interface Binding {
  /** As they came, and in which forms: one for each, one for all of them, or none for text. */
  readonly values: readonly (Buffer | null)[];
  readonly parameterFormats: readonly number[];
  /** Their types by number; 0 where nobody knows. */
  readonly types: readonly number[];
  /** Of the columns: one for each, one for all of them, or none for text. */
  readonly formats: readonly number[];
  /** As of `PortalQuery`. */
  readonly promised: Buffer | null;
}

const UNBOUND: Binding = {
  values: [],
  parameterFormats: [],
  types: [],
  formats: [],
  promised: null,
};

/** What is given in place of rows. */
interface QueryManner {
  readonly copy?: PostgresReply['copy'];
  readonly explain?: ExplainOptions;
}

/** ParameterDescription, and RowDescription of what it gives. */
export interface Described {
  readonly parameters: Buffer;
  readonly columns: Buffer;
}

export class Statements {
  readonly #rooms: SessionRooms;

  constructor(rooms: SessionRooms) {
    this.#rooms = rooms;
  }

  /** @throws FaceError 42601 */
  read(text: string): Promise<readonly Statement[]> {
    return statementsOf(text, this.#rooms.desk.isDataset);
  }

  /** @throws FaceError 25P02 where the transaction has failed and this does not end it */
  open(statement: Statement, binding: Binding = UNBOUND): Portal {
    const kind = this.#kindOf(statement);
    switch (kind.kind) {
      case 'select': {
        const portal = this.#openQuestion(statement, kind.question, binding);
        return statement.inPlaceOf?.givesRows === false ? new SilentPortal(portal) : portal;
      }
      case 'copy': {
        if (kind.question.asks === 'catalogue') throw notSupported('COPY of the catalogue');
        const copy = readCopyOptions(kind.options);
        return new CopyPortal(this.#openQuery(statement, kind.question, binding, { copy }));
      }
      case 'declare':
        return new CommandPortal(() => this.#declare(statement, kind, binding));
      case 'fetch':
        return this.#fetch(kind, binding.formats);
      case 'show':
        return this.#openShow(kind.name, binding);
      case 'explain': {
        const explain = readExplainOptions(kind.options);
        if (kind.question.asks !== 'rows') throw notSupported('EXPLAIN of the catalogue');
        return new ExplainPortal(this.#openQuery(statement, kind.question, binding, { explain }));
      }
      default:
        return new CommandPortal(async ({ send }) => {
          const { tag, news = [] } = await runCommand(kind, statement.text, this.#rooms);
          await send(...news.map(({ name, value }) => parameterStatus(name, value)));
          return tag;
        });
    }
  }

  /**
   * What it takes and gives, before its values are known. Null of what has neither a question nor a parameter.
   *
   * @param parameterTypes as the client declares them
   */
  async describe(
    statement: Statement,
    parameterTypes: readonly number[],
    run: Run,
  ): Promise<Described | null> {
    const kind = this.#kindOf(statement);
    if (kind.kind !== 'select' && kind.kind !== 'declare' && kind.kind !== 'copy') return null;
    return this.#describe(statement, kind.question, parameterTypes, run);
  }

  /** The rows of one that takes no values, before it is bound. */
  describeUnbound(statement: Statement, run: Run): Promise<Buffer | null> {
    const kind = this.#kindOf(statement);
    const portal = kind.kind === 'fetch' ? this.#fetch(kind, null) : this.open(statement);
    return portal.describe(run);
  }

  /** Whether values go on as they came. */
  asksCatalogue(statement: Statement): boolean {
    const kind = statement.classify();
    return 'question' in kind && kind.question.asks !== 'rows';
  }

  /** Whether it is a query, whose rows are what is described. */
  givesRows(statement: Statement): boolean {
    return statement.inPlaceOf?.givesRows !== false && this.#kindOf(statement).kind === 'select';
  }

  #kindOf(statement: Statement): StatementKind {
    const kind = statement.classify();
    if (!ENDS_A_FAILURE.has(kind.kind)) this.#rooms.transaction.assertSound();
    return kind;
  }

  async #describe(
    statement: Statement,
    question: Question,
    parameterTypes: readonly number[],
    { signal }: Run,
  ): Promise<Described> {
    const { desk, settings } = this.#rooms;
    const known = this.#openConstants(question, []);
    if (known !== null) {
      return { parameters: parameterDescription([]), columns: await known.describe() };
    }
    if (question.asks !== 'rows') {
      const asked = this.#catalogueQuestion(question, parameterTypes);
      return describeCatalogue(desk.askHot, asked, signal);
    }
    const { statementTimeoutMs } = settings;
    const { text: sql } = question;
    const before = statement.before(sql);
    const reply = this.#reply([]);
    const asked = { sql, before, parameterTypes, values: null, reply, instant: null, reader: null };
    const answer = new Answer(desk, asked, { session: this, signal, statementTimeoutMs });
    try {
      const parameters = await answer.head(1);
      return { parameters, columns: await answer.head(1) };
    } finally {
      await answer.close();
    }
  }

  #openQuestion(statement: Statement, question: Question, binding: Binding): RowsPortal {
    const known = this.#openConstants(question, binding.formats);
    if (known !== null) return known;
    if (question.asks === 'rows') {
      const rows = this.#openQuery(statement, question, binding);
      const { inPlaceOf } = statement;
      return inPlaceOf === null ? rows : new UntouchedPortal(rows, inPlaceOf);
    }
    const asked = this.#catalogueQuestion(question, binding.types);
    return new CataloguePortal(this.#rooms.desk.askHot, asked, binding);
  }

  /** Null of a question that has to be asked. */
  #openConstants({ asks, tree }: Question, formats: readonly number[]): KnownRowsPortal | null {
    const columns = asks === 'values' ? constantRow(tree) : null;
    if (columns === null) return null;
    const rows = [columns.map(({ value }) => value)];
    return new KnownRowsPortal(() => ({ columns, rows, tag: 'SELECT' }), formats);
  }

  #catalogueQuestion(
    { text, tree }: Question,
    parameterTypes: readonly number[],
  ): CatalogueQuestion {
    const { settings, cursors } = this.#rooms;
    // PostgreSQL has none of this session's, which is right as long as there is none.
    if (!cursors.isEmpty && /\bpg_cursors\b/i.test(text)) throw notSupported('pg_cursors');
    const { timeZone, statementTimeoutMs } = settings;
    const searchPath = settings.get('search_path');
    return { sql: text, tree, parameterTypes, searchPath, timeZone, statementTimeoutMs };
  }

  #openQuery(
    statement: Statement,
    { text: sql, tree }: Question,
    { values, parameterFormats, types, formats, promised }: Binding,
    { copy = null, explain }: QueryManner = {},
  ): QueryPortal {
    const { desk, settings, transaction } = this.#rooms;
    const texts = values.map((value, at) => {
      const format = parameterFormats.length === 1 ? parameterFormats[0] : parameterFormats[at];
      return readParameter(value, types[at] ?? 0, format ?? 0, at + 1);
    });
    const reply = { ...this.#reply(formats), copy };
    const before = statement.before(sql);
    const instant = statement.placed(() => instantIn(tree, texts));
    const reader = readerIn(tree, settings.get('application_name'));
    const asked = { sql, before, parameterTypes: types, values: texts, reply, instant, reader };
    const question = explain === undefined ? asked : { ...asked, explain };
    const { statementTimeoutMs } = settings;
    const snapshot =
      instant === null && reader === null
        ? () => transaction.snapshotOf(desk.holdSnapshot)
        : () => Promise.resolve(null);
    const limits = { session: this, statementTimeoutMs, snapshot };
    return new QueryPortal({ desk, question, promised, ...limits });
  }

  #reply(formats: readonly number[]): PostgresReply {
    const { timeZone } = this.#rooms.settings;
    return { formats, timeZone, copy: null, columns: null };
  }

  #declare(
    statement: Statement,
    { name, question, isBinary, canScroll, withHold }: Extract<StatementKind, { kind: 'declare' }>,
    binding: Binding,
  ): Promise<string> {
    const { transaction, cursors } = this.#rooms;
    if (canScroll) throw notSupported('SCROLL', 'Rows are given once, from the first to the last.');
    if (transaction.status === 'I' && !withHold) {
      throw new FaceError({
        sqlstate: '25P01',
        message: 'DECLARE CURSOR can only be used in transaction blocks',
      });
    }
    const cursor = new Cursor({
      open: (formats) =>
        this.#openQuestion(statement, question, { ...binding, formats, promised: null }),
      describe: async (run) =>
        (await this.#describe(statement, question, binding.types, run)).columns,
      formats: isBinary ? [1] : null,
      isHeld: withHold,
    });
    cursors.add(name, cursor);
    return Promise.resolve('DECLARE CURSOR');
  }

  #fetch(
    { name, direction, count, isMove }: Extract<StatementKind, { kind: 'fetch' }>,
    formats: readonly number[] | null,
  ): Portal {
    const cursor = this.#rooms.cursors.get(name);
    if (direction !== 'forward' || count < 0) {
      throw new FaceError({
        sqlstate: '55000',
        message: 'cursor can only scan forward',
        hint: 'Rows are given once, from the first to the last.',
      });
    }
    return new FetchPortal({ cursor, count, isMove }, formats);
  }

  #openShow(name: string, { formats }: Binding): Portal {
    const { settings } = this.#rooms;
    const show = (names: readonly string[], rows: () => readonly (readonly string[])[]): Portal => {
      const columns = names.map((one) => ({ name: one, type: 'text' as const }));
      return new KnownRowsPortal(() => ({ columns, rows: rows(), tag: 'SHOW' }), formats);
    };
    if (name === 'all') {
      const names = ['name', 'setting', 'description'];
      return show(names, () => settings.all().map((one) => [one.name, one.value, '']));
    }
    const value = settings.get(name);
    return show([settings.shownName(name)], () => [[value]]);
  }
}

const ENDS_A_FAILURE: ReadonlySet<StatementKind['kind']> = new Set([
  'commit',
  'rollback',
  'rollback to',
] satisfies readonly StatementKind['kind'][]);

function notSupported(what: string, hint?: string): FaceError {
  return new FaceError({ sqlstate: '0A000', message: `${what} is not supported here`, hint });
}

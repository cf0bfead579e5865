/** The extended protocol: statements that are prepared, bound to values, described, and run in portions. */

import { BINARY_FORMAT } from '../../query/answer/postgres/postgres-reply.ts';
import type { Cursors } from './cursors.ts';
import { FaceError, protocolViolation } from './face-error.ts';
import type { Portal, Run } from './portals/portal.ts';
import type { Described, Statements } from './statements.ts';
import type { Statement } from './understand.ts';
import {
  bindComplete,
  closeComplete,
  commandComplete,
  emptyQueryResponse,
  noData,
  parameterDescription,
  parseComplete,
  portalSuspended,
} from './wire/backend.ts';
import { FieldReader } from './wire/field-reader.ts';
import type { FrontendType } from './wire/read-message.ts';

interface Prepared {
  /** Null: an empty text. */
  readonly statement: Statement | null;
  /** How many values it takes. */
  readonly parameters: number;
  /** As the client declares them; 0 where it leaves one to the server. */
  readonly declared: readonly number[];
  /** Once the client has asked for it. */
  description: Described | null;
}

interface Bound {
  /** Null: of an empty text. */
  readonly portal: Portal | null;
}

/** Statements that a client prepares and never lets go of. */
const MOST_STATEMENTS = 10_000;

export class ExtendedProtocol {
  readonly #statements: Statements;
  readonly #prepared = new Map<string, Prepared>();
  readonly #portals = new Map<string, Bound>();
  readonly #cursors: Pick<Cursors, 'find'>;

  constructor(statements: Statements, cursors: Pick<Cursors, 'find'>) {
    this.#statements = statements;
    this.#cursors = cursors;
  }

  async answer(type: FrontendType, body: Buffer, run: Run): Promise<void> {
    const fields = new FieldReader(body);
    switch (type) {
      case 'Parse':
        return this.#parse(fields, run);
      case 'Bind':
        return this.#bind(fields, run);
      case 'Describe':
        return this.#describe(fields, run);
      case 'Execute':
        return this.#execute(fields, run);
      case 'Close':
        return this.#close(fields, run);
      default:
        throw new FaceError({
          sqlstate: '0A000',
          message: `a message of the kind ${type} is not answered here`,
        });
    }
  }

  /** @param name null: all of them @throws FaceError 26000 */
  deallocate(name: string | null): void {
    if (name === null) this.#prepared.clear();
    else if (!this.#prepared.delete(name)) throw noStatement(name);
  }

  /** They live no longer than their transaction. */
  async closePortals(): Promise<void> {
    const all = [...this.#portals.values()];
    this.#portals.clear();
    await Promise.all(all.map(({ portal }) => portal?.close() ?? Promise.resolve()));
  }

  async #parse(fields: FieldReader, { send }: Run): Promise<void> {
    const name = fields.text();
    const text = fields.text();
    const declared = fields.list(() => fields.uint32());
    fields.end();
    if (name !== '' && this.#prepared.has(name)) {
      throw new FaceError({
        sqlstate: '42P05',
        message: `prepared statement "${name}" already exists`,
      });
    }
    if (this.#prepared.size >= MOST_STATEMENTS) {
      throw new FaceError({
        sqlstate: '54000',
        message: `a session keeps at most ${String(MOST_STATEMENTS)} prepared statements`,
      });
    }
    const [only, ...more] = await this.#statements.read(text);
    if (more.length > 0) {
      throw new FaceError({
        sqlstate: '42601',
        message: 'cannot insert multiple commands into a prepared statement',
      });
    }
    this.#prepared.set(name, {
      statement: only ?? null,
      parameters: Math.max(declared.length, only?.parameters ?? 0),
      declared,
      description: null,
    });
    await send(parseComplete());
  }

  async #bind(fields: FieldReader, run: Run): Promise<void> {
    const portalName = fields.text();
    const name = fields.text();
    const parameterFormats = fields.list(() => fields.int16());
    const values = fields.list(() => {
      const length = fields.int32();
      return length < 0 ? null : fields.bytes(length);
    });
    const formats = fields.list(() => fields.int16());
    fields.end();
    const prepared = this.#find(name);
    if (values.length !== prepared.parameters) {
      throw new FaceError({
        sqlstate: '08P01',
        message: `bind message supplies ${String(values.length)} parameters, but prepared statement "${name}" requires ${String(prepared.parameters)}`,
      });
    }
    if (portalName !== '' && this.#portals.has(portalName)) {
      throw new FaceError({ sqlstate: '42P03', message: `cursor "${portalName}" already exists` });
    }
    if (formats.some((one) => one !== 0 && one !== BINARY_FORMAT)) {
      throw protocolViolation('a column is asked for in a format that there is not');
    }
    const types = await this.#typesOf(prepared, parameterFormats, run);
    await this.#portals.get(portalName)?.portal?.close();
    const { statement } = prepared;
    const portal =
      statement === null
        ? null
        : this.#statements.open(statement, {
            values,
            parameterFormats,
            types,
            formats,
            promised: this.#promisedBy(prepared),
          });
    this.#portals.set(portalName, { portal });
    await run.send(bindComplete());
  }

  /** What the client declared; where a value is binary and nothing was declared, what the engine finds. */
  async #typesOf(
    prepared: Prepared,
    formats: readonly number[],
    run: Run,
  ): Promise<readonly number[]> {
    const { declared, parameters } = prepared;
    const isOpen = Array.from({ length: parameters }, (_, at) => (declared[at] ?? 0) === 0);
    if (!formats.includes(BINARY_FORMAT) || !isOpen.includes(true)) return declared;
    const { statement } = prepared;
    if (statement === null || this.#statements.asksCatalogue(statement)) return declared;
    const described = await this.#descriptionOf(prepared, run);
    if (described === null) return declared;
    const fields = new FieldReader(described.parameters.subarray(5));
    return fields.list(() => fields.uint32());
  }

  async #describe(fields: FieldReader, run: Run): Promise<void> {
    const kind = String.fromCharCode(fields.byte());
    const name = fields.text();
    fields.end();
    if (kind === 'S') {
      const prepared = this.#find(name);
      const described = await this.#descriptionOf(prepared, run);
      if (described !== null) {
        await run.send(described.parameters, this.#promisedBy(prepared) ?? noData());
        return;
      }
      const { statement } = prepared;
      const columns =
        statement === null ? null : await this.#statements.describeUnbound(statement, run);
      await run.send(parameterDescription([]), columns ?? noData());
      return;
    }
    const cursor = this.#portals.has(name) ? undefined : this.#cursors.find(name);
    const found = cursor ?? this.#findPortal(name).portal;
    await run.send((await found?.describe(run)) ?? noData());
  }

  async #descriptionOf(prepared: Prepared, run: Run): Promise<Described | null> {
    const { statement, declared } = prepared;
    if (statement === null) return null;
    prepared.description ??= await this.#statements.describe(statement, declared, run);
    return prepared.description;
  }

  /** Null where nothing was told of its rows, or it gives none. */
  #promisedBy({ statement, description }: Prepared): Buffer | null {
    if (statement === null || description === null) return null;
    return this.#statements.givesRows(statement) ? description.columns : null;
  }

  async #execute(fields: FieldReader, run: Run): Promise<void> {
    const name = fields.text();
    const most = fields.int32();
    fields.end();
    const { portal } = this.#findPortal(name);
    if (portal === null) {
      await run.send(emptyQueryResponse());
      return;
    }
    const executed = await portal.execute(Math.max(0, most), run);
    await run.send(executed.kind === 'done' ? commandComplete(executed.tag) : portalSuspended());
  }

  async #close(fields: FieldReader, { send }: Run): Promise<void> {
    const kind = String.fromCharCode(fields.byte());
    const name = fields.text();
    fields.end();
    if (kind === 'S') {
      this.#prepared.delete(name);
    } else {
      await this.#portals.get(name)?.portal?.close();
      this.#portals.delete(name);
    }
    await send(closeComplete());
  }

  #find(name: string): Prepared {
    const found = this.#prepared.get(name);
    if (found !== undefined) return found;
    throw noStatement(name);
  }

  #findPortal(name: string): Bound {
    const found = this.#portals.get(name);
    if (found !== undefined) return found;
    throw new FaceError({ sqlstate: '34000', message: `portal "${name}" does not exist` });
  }
}

function noStatement(name: string): FaceError {
  return new FaceError({
    sqlstate: '26000',
    message: `prepared statement "${name}" does not exist`,
  });
}

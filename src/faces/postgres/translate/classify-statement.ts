/** What a client's statement asks the face to do. */
import type {
  CopyStmt,
  DeclareCursorStmt,
  FetchStmt,
  Node,
  SelectStmt,
  TransactionStmt,
  VariableSetStmt,
} from 'libpg-query';
import { IN_PLACE } from '../../../domain/attached.ts';
import type { Statement, StatementParser } from './parse-statements.ts';
import { type IsDataset, readOnly, readQuestion } from './question.ts';
import { plainValue, readOptions } from './read-options.ts';
import { SqlRefusal, unsupported } from './sql-refusal.ts';
import type { StatementKind } from './statement-kinds.ts';
import { writeTag } from './write-tags.ts';

/** As FetchStmt says all. */
const ALL_ROWS = 2_147_483_647;

/** Bits of DECLARE's options. */
const BINARY = 1;
const SCROLL = 2;
const WITH_HOLD = 32;

/** @throws SqlRefusal 25006 for what would write, 0A000 by name for what is not done here */
export function classifyStatement(
  statement: Statement,
  parser: Pick<StatementParser, 'innerText'>,
  isDataset: IsDataset,
): StatementKind {
  const { tree } = statement;
  const ask = (query: Node | undefined, text = parser.innerText(statement)) => {
    if (query === undefined || !('SelectStmt' in query)) throw readOnlyOrNot(query);
    return readQuestion(query.SelectStmt, text, isDataset);
  };
  if ('SelectStmt' in tree) return { kind: 'select', question: ask(tree, statement.text) };
  if ('TransactionStmt' in tree) return transaction(tree.TransactionStmt);
  if ('VariableSetStmt' in tree) return setting(tree.VariableSetStmt);
  if ('VariableShowStmt' in tree) return { kind: 'show', name: tree.VariableShowStmt.name ?? '' };
  if ('DiscardStmt' in tree) return { kind: 'discard', what: discarded(tree.DiscardStmt.target) };
  if ('DeallocateStmt' in tree)
    return { kind: 'deallocate', name: tree.DeallocateStmt.name ?? null };
  if ('ClosePortalStmt' in tree)
    return { kind: 'close', name: tree.ClosePortalStmt.portalname ?? null };
  if ('UnlistenStmt' in tree) return { kind: 'unlisten' };
  if ('FetchStmt' in tree) return fetching(tree.FetchStmt);
  if ('DeclareCursorStmt' in tree) {
    return declaring(tree.DeclareCursorStmt, ask(tree.DeclareCursorStmt.query));
  }
  if ('ExplainStmt' in tree) {
    const { query, options } = tree.ExplainStmt;
    return { kind: 'explain', question: ask(query), options: readOptions(options) };
  }
  if ('CopyStmt' in tree) return copying(tree.CopyStmt, ask);
  if ('TruncateStmt' in tree && tree.TruncateStmt.relations?.some(isOfChunk) === true)
    throw truncation();
  throw readOnlyOrNot(tree);
}

function isOfChunk(node: Node): boolean {
  return 'RangeVar' in node && node.RangeVar.schemaname === IN_PLACE;
}

function truncation(): SqlRefusal {
  return new SqlRefusal(
    '0A000',
    'TRUNCATE would leave the rows of the hypertable that are in the lake; nothing was removed',
    {
      hint: 'Use `tierd delete` for these; or truncate the chunks of the hypertable by their names.',
    },
  );
}

function readOnlyOrNot(tree: Node | undefined): SqlRefusal {
  const kind = Object.keys(tree ?? {})[0] ?? 'an empty statement';
  const { tag, writes } = writeTag(kind);
  return writes ? readOnly(tag) : unsupported(tag);
}

function transaction({
  kind,
  options,
  chain,
  savepoint_name: name = '',
}: TransactionStmt): StatementKind {
  switch (kind) {
    case 'TRANS_STMT_BEGIN':
    case 'TRANS_STMT_START':
      return { kind: 'begin', ...modes(options) };
    case 'TRANS_STMT_COMMIT':
      return { kind: 'commit', andChain: chain === true };
    case 'TRANS_STMT_ROLLBACK':
      return { kind: 'rollback', andChain: chain === true };
    case 'TRANS_STMT_SAVEPOINT':
      return { kind: 'savepoint', name };
    case 'TRANS_STMT_RELEASE':
      return { kind: 'release', name };
    case 'TRANS_STMT_ROLLBACK_TO':
      return { kind: 'rollback to', name };
    default:
      throw unsupported('a two-phase commit');
  }
}

function modes(options: readonly Node[] = []) {
  const found = readOptions(options);
  const readOnly = found.get('transaction_read_only');
  return {
    isolation: (found.get('transaction_isolation') ?? null) as string | null,
    readOnly: readOnly === undefined ? null : readOnly === '1',
  };
}

function setting({ kind, name = '', args = [], is_local: local }: VariableSetStmt): StatementKind {
  const isLocal = local === true;
  switch (kind) {
    case 'VAR_SET_VALUE':
      return {
        kind: 'set',
        name: name.toLowerCase(),
        value: args.map(plainValue).join(', '),
        isLocal,
      };
    case 'VAR_SET_DEFAULT':
      return { kind: 'set', name: name.toLowerCase(), value: null, isLocal };
    case 'VAR_RESET':
      return { kind: 'reset', name: name.toLowerCase() };
    case 'VAR_RESET_ALL':
      return { kind: 'reset', name: null };
    case 'VAR_SET_MULTI':
      if (name === 'TRANSACTION SNAPSHOT') {
        return { kind: 'set transaction snapshot', snapshot: args.map(plainValue).join('') };
      }
      return {
        kind: name === 'TRANSACTION' ? 'set transaction' : 'set session characteristics',
        ...modes(args),
      };
    default:
      throw unsupported(`set ${name} from current`);
  }
}

function discarded(target: string | undefined) {
  switch (target) {
    case 'DISCARD_PLANS':
      return 'plans';
    case 'DISCARD_SEQUENCES':
      return 'sequences';
    case 'DISCARD_TEMP':
      return 'temp';
    default:
      return 'all';
  }
}

const DIRECTIONS = {
  FETCH_FORWARD: 'forward',
  FETCH_BACKWARD: 'backward',
  FETCH_ABSOLUTE: 'absolute',
  FETCH_RELATIVE: 'relative',
} as const;

function fetching({
  direction = 'FETCH_FORWARD',
  howMany,
  portalname = '',
  ismove,
}: FetchStmt): StatementKind {
  const rows = Number(howMany ?? 0);
  const count = Math.abs(rows) === ALL_ROWS ? Math.sign(rows) * Infinity : rows;
  return {
    kind: 'fetch',
    name: portalname,
    direction: DIRECTIONS[direction],
    count,
    isMove: ismove === true,
  };
}

function declaring(
  { portalname = '', options = 0 }: DeclareCursorStmt,
  question: ReturnType<typeof readQuestion>,
): StatementKind {
  return {
    kind: 'declare',
    name: portalname,
    question,
    isBinary: (options & BINARY) !== 0,
    canScroll: (options & SCROLL) !== 0,
    withHold: (options & WITH_HOLD) !== 0,
  };
}

function copying(
  { query, relation, attlist, options, is_from: isFrom, filename, is_program: isProgram }: CopyStmt,
  ask: (query: Node | undefined, text?: string) => ReturnType<typeof readQuestion>,
): StatementKind {
  if (isFrom === true) throw readOnly('COPY FROM');
  if (filename !== undefined || isProgram === true) {
    throw new SqlRefusal(
      '0A000',
      'COPY to a file or a program of the server is not supported here',
      {
        hint: 'Use COPY … TO STDOUT, or \\copy of psql.',
      },
    );
  }
  const read = readOptions(options);
  if (relation === undefined) return { kind: 'copy', question: ask(query), options: read };
  const columns = attlist ?? [];
  const targets: Node[] = (columns.length === 0 ? [{ A_Star: {} }] : columns).map((field) => ({
    ResTarget: { val: { ColumnRef: { fields: [field] } } },
  }));
  const all: SelectStmt = {
    targetList: targets,
    fromClause: [{ RangeVar: relation }],
    limitOption: 'LIMIT_OPTION_DEFAULT',
    op: 'SETOP_NONE',
  };
  const named = [relation.schemaname, relation.relname].flatMap((part) =>
    part === undefined ? [] : [`"${part.replaceAll('"', '""')}"`],
  );
  return {
    kind: 'copy',
    question: ask({ SelectStmt: all }, `table ${named.join('.')}`),
    options: read,
  };
}

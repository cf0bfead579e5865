/** Whom a question is for: the engine, which has the datasets, or PostgreSQL, which has the catalogue and computes what needs neither. */
import type { FuncCall, Node, RangeVar, SelectStmt } from 'libpg-query';
import { constantRow } from './constant-rows.ts';
import { SqlRefusal, unsupported } from './sql-refusal.ts';
import type { Question } from './statement-kinds.ts';
import { namesIn, walk } from './walk.ts';

/** @param schema null where none is written */
export type IsDataset = (schema: string | null, name: string) => boolean;

const CATALOGUE_SCHEMAS = new Set(['pg_catalog', 'information_schema']);

/** Functions that tell of the server, of its objects or of the session. */
const TELLS_OF_SERVER =
  /^(pg_.*|has_.*_privilege|row_security_active|to_reg.*|current_(schema|schemas|setting|catalog|database|user|role|query)|session_user|user|version|format_type|obj_description|col_description|shobj_description|inet_(client|server)_(addr|port)|txid_.*|_pg_.*)$/;

/** What does something, waits, reads files or tells of others, asked through a role without rights or not. */
const NEVER =
  /^(pg_sleep.*|pg_(terminate|cancel)_backend|pg_(try_)?advisory.*|pg_(read|ls|stat)_(file|binary|dir).*|pg_ls_.*|pg_stat_file|pg_(reload_conf|rotate_logfile|promote|export_snapshot|switch_wal|create_restore_point|notify|log_.*|backup_.*|wal_.*|replication_.*|logical_.*|create_.*|drop_.*|sync_.*|import_.*|set_.*|clear_.*|restore_.*|stat_reset.*|stat_force.*|logfile.*|current_logfile)|lo_.*|loread|lowrite|dblink.*|nextval|setval|set_config|query_to_xml.*|table_to_xml.*|cursor_to_xml.*|schema_to_xml.*|database_to_xml.*|ts_stat|currval|lastval|txid_current)$/;

/**
 * @throws SqlRefusal 25006 where it writes or locks rows, 0A000 where it asks of datasets and of the
 *   catalogue in one, or calls what does something
 */
export function readQuestion(tree: SelectStmt, text: string, isDataset: IsDataset): Question {
  if (constantRow(tree) !== null) return { asks: 'values', readsDatasets: false, tree, text };
  const found = look(tree, isDataset);
  const isOfCatalogue =
    found.catalogue > 0 || (found.relations === 0 && found.tellsOfServer && !found.datasets);
  if (isOfCatalogue && found.datasets) {
    throw unsupported(
      'a question of datasets and of the catalogue in one',
      'Ask them one after the other.',
    );
  }
  const isOfValues = found.relations === 0 && !found.isOurs;
  const asks = isOfCatalogue ? 'catalogue' : isOfValues ? 'values' : 'rows';
  return { asks, readsDatasets: found.datasets, tree, text };
}

/** Functions of TimescaleDB that are answered here; and rows that a function makes may be many. */
const OURS: ReadonlySet<string> = new Set(['time_bucket', 'first', 'last']);

interface Found {
  datasets: boolean;
  catalogue: number;
  relations: number;
  tellsOfServer: boolean;
  /** Whether it is for the engine, though it reads no table. */
  isOurs: boolean;
}

function look(tree: SelectStmt, isDataset: IsDataset): Found {
  const found: Found = {
    datasets: false,
    catalogue: 0,
    relations: 0,
    tellsOfServer: false,
    isOurs: false,
  };
  const named = new Set<string>();
  walk(tree, (kind, node) => {
    if (kind === 'CommonTableExpr') named.add(String((node as { ctename?: string }).ctename));
  });
  walk(tree, (kind, node) => {
    refuseWrites(kind, node);
    if (kind === 'RangeVar') lookAtRelation(node);
    if (kind === 'FuncCall') lookAtFunction(node);
    if (kind === 'RangeFunction') found.isOurs = true;
    if (kind === 'SQLValueFunction') lookAtWord(node);
    if (
      kind === 'TypeName' &&
      (namesIn((node as { names?: Node[] }).names).at(-1) ?? '').startsWith('reg')
    ) {
      found.tellsOfServer = true;
    }
  });
  return found;

  function lookAtRelation({ schemaname, relname = '' }: RangeVar): void {
    if (schemaname === undefined && named.has(relname)) return;
    found.relations += 1;
    if (isDataset(schemaname ?? null, relname)) found.datasets = true;
    else if (
      CATALOGUE_SCHEMAS.has(schemaname ?? '') ||
      (schemaname === undefined && relname.startsWith('pg_'))
    ) {
      found.catalogue += 1;
    }
  }

  function lookAtFunction({ funcname, args, location }: Partial<FuncCall>): void {
    const [name = '', schema] = namesIn(funcname).toReversed();
    if (name === 'set_config' && isOfPlans(args?.[0])) found.tellsOfServer = true;
    else if (NEVER.test(name)) throw unsupported(`the function ${name}`, undefined, location ?? -1);
    if (OURS.has(name)) found.isOurs = true;
    if (TELLS_OF_SERVER.test(name) || schema === 'information_schema') found.tellsOfServer = true;
  }

  function lookAtWord({ op = '' }: { op?: string }): void {
    if (/USER|ROLE|CATALOG|SCHEMA/.test(op)) found.tellsOfServer = true;
  }
}

/**
 * How PostgreSQL plans is of no effect here, nor there once the transaction of its question is rolled back: asyncpg
 * sets it in a SELECT before it looks into the catalogue.
 */
function isOfPlans(name: Node | undefined): boolean {
  if (name === undefined || !('A_Const' in name)) return false;
  return /^(jit|enable_[a-z]+)$/.test(name.A_Const.sval?.sval ?? '');
}

const WRITES = new Map([
  ['InsertStmt', 'INSERT'],
  ['UpdateStmt', 'UPDATE'],
  ['DeleteStmt', 'DELETE'],
  ['MergeStmt', 'MERGE'],
  ['IntoClause', 'SELECT INTO'],
]);

const LOCKS = new Map([
  ['LCS_FORKEYSHARE', 'FOR KEY SHARE'],
  ['LCS_FORSHARE', 'FOR SHARE'],
  ['LCS_FORNOKEYUPDATE', 'FOR NO KEY UPDATE'],
  ['LCS_FORUPDATE', 'FOR UPDATE'],
]);

function refuseWrites(kind: string, node: object): void {
  const tag =
    kind === 'LockingClause'
      ? `SELECT ${LOCKS.get(String((node as { strength?: string }).strength)) ?? 'FOR UPDATE'}`
      : WRITES.get(kind);
  if (tag !== undefined) throw readOnly(tag);
}

/** As PostgreSQL says it in a read-only transaction. */
export function readOnly(tag: string): SqlRefusal {
  return new SqlRefusal('25006', `cannot execute ${tag} in a read-only transaction`, {
    hint: 'tierd answers questions only. Write to PostgreSQL itself.',
  });
}

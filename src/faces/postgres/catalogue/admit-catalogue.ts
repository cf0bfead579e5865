/**
 * What of the catalogue may be asked. The hot store runs it with the rights of tierd's own role: so nothing but its
 * catalogue is read, no function but its own is called, and what is not for everybody is left out.
 */
import { FaceError } from '../face-error.ts';
import { namesIn, walk } from '../translate/walk.ts';

/** What lies in the schema pg_catalog of the hot store. */
export interface CatalogueNames {
  readonly relations: ReadonlySet<string>;
  readonly functions: ReadonlySet<string>;
}

const SCHEMAS: ReadonlySet<string> = new Set(['pg_catalog', 'information_schema']);

/** Passwords, statements of others, values of other tables, the server's files. */
const SECRET: ReadonlySet<string> = new Set([
  'pg_authid',
  'pg_shadow',
  'pg_user_mapping',
  'pg_user_mappings',
  'pg_foreign_server',
  'pg_subscription',
  'pg_stat_activity',
  'pg_stat_replication',
  'pg_prepared_statements',
  'pg_statistic',
  'pg_statistic_ext_data',
  'pg_stats',
  'pg_stats_ext',
  'pg_stats_ext_exprs',
  'pg_largeobject',
  'pg_hba_file_rules',
  'pg_ident_file_mappings',
  'pg_file_settings',
  'user_mapping_options',
  'foreign_server_options',
]);

/** @param tree of the question @throws FaceError 42501 */
export function admitCatalogue(tree: object, names: CatalogueNames): void {
  const common = new Set<string>();
  walk({ SelectStmt: tree }, (kind, node) => {
    if (kind === 'CommonTableExpr') common.add((node as { ctename?: string }).ctename ?? '');
  });
  walk({ SelectStmt: tree }, (kind, node) => {
    if (kind === 'RangeVar') {
      const { schemaname, relname = '' } = node as { schemaname?: string; relname?: string };
      const isKnown =
        schemaname === undefined
          ? common.has(relname) || names.relations.has(relname)
          : SCHEMAS.has(schemaname);
      if (!isKnown || SECRET.has(relname)) throw denied('table', relname);
    }
    if (kind === 'FuncCall') {
      const [name = '', schema] = namesIn((node as { funcname?: never }).funcname).toReversed();
      const isKnown = schema === undefined ? names.functions.has(name) : SCHEMAS.has(schema);
      if (!isKnown) throw denied('function', name);
    }
  });
}

function denied(what: string, name: string): FaceError {
  return new FaceError({
    sqlstate: '42501',
    message: `permission denied for ${what} ${name}`,
    hint: 'Of PostgreSQL only its catalogue can be asked here. Ask for rows of datasets, or PostgreSQL itself.',
  });
}

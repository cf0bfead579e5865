/**
 * What of the catalogue may be asked. The hot store runs it with the rights of tierd's own role: so nothing but its
 * catalogue is read, no function but its own is called, and what is not for everybody is left out.
 */
import type { Node } from 'libpg-query';
import { FaceError } from '../face-error.ts';
import { namesIn, walk } from '../translate/walk.ts';

/** What lies in the schema pg_catalog of the hot store, as far as it is for everybody. */
export interface CatalogueNames {
  readonly relations: ReadonlySet<string>;
  readonly functions: ReadonlySet<string>;
}

/** Passwords, statements of others, values of other tables, the server's files: some of them tell a strong role more than others. */
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
  'pg_settings',
  'pg_stat_wal_receiver',
  'pg_stat_subscription',
  'user_mapping_options',
  'foreign_server_options',
]);

/** The same by functions. */
const SECRET_FUNCTIONS =
  /^(pg_stat_get_(activity|backend_.*|wal_.*|subscription.*|progress_info)|pg_prepared_statement|pg_cursor|pg_show_all_.*|pg_hba_file_rules|pg_ident_file_mappings|binary_upgrade_.*)$/;

/** Paths, and commands and connections that may have a password in them. */
const SECRET_SETTING = /(_command|_files?|_director(y|ies)|conninfo|_libraries|library_path)$/;

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
          : schemaname === 'pg_catalog'
            ? names.relations.has(relname)
            : schemaname === 'information_schema';
      if (!isKnown || SECRET.has(relname)) throw denied('table', relname);
    }
    if (kind === 'FuncCall') {
      const [name = '', schema] = namesIn((node as { funcname?: never }).funcname).toReversed();
      const isKnown =
        schema === 'information_schema' ||
        ((schema === undefined || schema === 'pg_catalog') && names.functions.has(name));
      if (!isKnown || SECRET_FUNCTIONS.test(name)) throw denied('function', name);
      if (name === 'current_setting') admitSetting((node as { args?: readonly Node[] }).args?.[0]);
    }
  });
}

function admitSetting(name: Node | undefined): void {
  const written = name !== undefined && 'A_Const' in name ? name.A_Const.sval?.sval : undefined;
  if (written === undefined || SECRET_SETTING.test(written.toLowerCase())) {
    throw denied('parameter', written ?? 'that is not written out');
  }
}

function denied(what: string, name: string): FaceError {
  return new FaceError({
    sqlstate: '42501',
    message: `permission denied for ${what} ${name}`,
    hint: 'Of PostgreSQL only its catalogue can be asked here. Ask for rows of datasets, or PostgreSQL itself.',
  });
}

/** Statements by the name that PostgreSQL gives them. */

const WRITES: Readonly<Record<string, string>> = {
  InsertStmt: 'INSERT',
  UpdateStmt: 'UPDATE',
  DeleteStmt: 'DELETE',
  MergeStmt: 'MERGE',
  CreateStmt: 'CREATE TABLE',
  CreateTableAsStmt: 'CREATE TABLE AS',
  CreateForeignTableStmt: 'CREATE FOREIGN TABLE',
  ViewStmt: 'CREATE VIEW',
  IndexStmt: 'CREATE INDEX',
  CreateSchemaStmt: 'CREATE SCHEMA',
  CreateSeqStmt: 'CREATE SEQUENCE',
  CreateFunctionStmt: 'CREATE FUNCTION',
  CreateTrigStmt: 'CREATE TRIGGER',
  CreateExtensionStmt: 'CREATE EXTENSION',
  CreateRoleStmt: 'CREATE ROLE',
  CreatedbStmt: 'CREATE DATABASE',
  CreateEnumStmt: 'CREATE TYPE',
  CompositeTypeStmt: 'CREATE TYPE',
  CreateDomainStmt: 'CREATE DOMAIN',
  RefreshMatViewStmt: 'REFRESH MATERIALIZED VIEW',
  AlterTableStmt: 'ALTER TABLE',
  AlterRoleStmt: 'ALTER ROLE',
  AlterDatabaseStmt: 'ALTER DATABASE',
  AlterDatabaseSetStmt: 'ALTER DATABASE',
  RenameStmt: 'ALTER TABLE',
  DropStmt: 'DROP',
  DropRoleStmt: 'DROP ROLE',
  DropdbStmt: 'DROP DATABASE',
  TruncateStmt: 'TRUNCATE TABLE',
  GrantStmt: 'GRANT',
  GrantRoleStmt: 'GRANT ROLE',
  CommentStmt: 'COMMENT',
  VacuumStmt: 'VACUUM',
  ReindexStmt: 'REINDEX',
  RepackStmt: 'REPACK',
  ClusterStmt: 'CLUSTER',
  NotifyStmt: 'NOTIFY',
  CallStmt: 'CALL',
  DoStmt: 'DO',
  LockStmt: 'LOCK TABLE',
};

const NOT_DONE: Readonly<Record<string, string>> = {
  ListenStmt: 'LISTEN',
  PrepareStmt: 'PREPARE',
  ExecuteStmt: 'EXECUTE',
  CheckPointStmt: 'CHECKPOINT',
  LoadStmt: 'LOAD',
  ConstraintsSetStmt: 'SET CONSTRAINTS',
};

/** @param kind the parser's name of the statement */
export function writeTag(kind: string): { readonly tag: string; readonly writes: boolean } {
  const write = WRITES[kind];
  if (write !== undefined) return { tag: write, writes: true };
  const words = kind
    .replace(/Stmt$/, '')
    .replaceAll(/(?<=[a-z])(?=[A-Z])/g, ' ')
    .toUpperCase();
  // A statement with no name of its own here may well write: creating, altering and dropping have many.
  const writes = /^(CREATE|ALTER|DROP|DEFINE|RENAME|IMPORT|SEC|REASSIGN)/.test(words);
  return { tag: NOT_DONE[kind] ?? words, writes };
}

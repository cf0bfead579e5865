/** Statements that a connection is asked again and again: planned once, for that takes longer than to run them. */
import type pg from 'pg';
import { isPooled } from '../hot/server/pooler.ts';

/** Of one connection: each set of tables has its own. */
const MOST_STATEMENTS = 64;

/** By connection, for each text what is sent in its place; null where nothing is kept from one message to the next. */
const connections = new WeakMap<pg.Client, Map<string, string> | null>();

/**
 * @param db in no transaction
 * @param statements without parameters
 * @returns what stands for each, by itself or among others in a message: it as it is where it can't be kept
 */
export async function prepareAll(
  db: pg.Client,
  statements: readonly string[],
): Promise<readonly string[]> {
  let known = connections.get(db);
  if (known === undefined) {
    // A pooler gives each transaction another process of the server.
    known = (await isPooled(db)) ? null : new Map<string, string>();
    connections.set(db, known);
  }
  if (known === null) return statements;
  const kept: string[] = [];
  for (const sql of statements) kept.push(known.get(sql) ?? (await prepare(db, known, sql)));
  return kept;
}

async function prepare(db: pg.Client, known: Map<string, string>, sql: string): Promise<string> {
  if (known.size >= MOST_STATEMENTS) return sql;
  const name = `tierd_${String(known.size)}`;
  try {
    await db.query(`prepare ${name} as ${sql}`);
  } catch {
    // What is wrong with it is told when it is asked.
    return sql;
  }
  known.set(sql, `execute ${name}`);
  return `execute ${name}`;
}

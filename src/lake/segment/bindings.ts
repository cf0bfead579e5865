/**
 * DuckDB at the level of its C interface, with one arena for all its memory. Its allocator has an
 * arena for every thread, and its tasks run on whichever of libuv's is free: pages freed on one lay
 * idle while the next took fresh ones. A slice of 10 million rows needed 680 MiB so, and 420 with one.
 */
// Read when the library is loaded, so it is loaded here. What the environment says comes first.
process.env['DUCKDB_JE_MALLOC_CONF'] ??= 'narenas:1';
const { default: duckdb } = await import('@duckdb/node-bindings');

export type {
  Appender,
  Connection,
  Database,
  DataChunk,
  LogicalType,
  Result,
  Vector,
} from '@duckdb/node-bindings';
export { duckdb };

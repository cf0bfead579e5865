/** What the catalogue of Iceberg tables is answered from. */

export interface CataloguedTable {
  /** Where its document lies, as a URI. */
  readonly location: string;
  /** The document itself. */
  readonly metadata: Readonly<Record<string, unknown>>;
}

/** Each call sees the tables as of one instant. Throws what reading PostgreSQL throws. */
export interface IcebergDesk {
  /** Their names, in order. */
  listTables(): Promise<readonly string[]>;
  /** Null where there is none of that name. */
  readTable(name: string): Promise<CataloguedTable | null>;
}

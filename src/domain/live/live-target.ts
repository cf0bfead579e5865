/** Where the live store is and how to get in. */

export interface RedisNode {
  /** A name, an address, or the path of a Unix socket. */
  readonly host: string;
  readonly port: number;
}

export interface LiveTarget {
  readonly topology:
    | { readonly kind: 'single'; readonly node: RedisNode }
    | {
        readonly kind: 'sentinel';
        readonly master: string;
        readonly nodes: readonly RedisNode[];
        readonly username?: string;
        readonly password?: string;
      }
    | { readonly kind: 'cluster'; readonly nodes: readonly RedisNode[] };
  readonly username?: string;
  /** Never to be logged or printed. */
  readonly password?: string;
  readonly db: number;
  readonly tls: RedisTls | null;
  readonly connectTimeoutMs: number;
  readonly commandTimeoutMs: number;
  /** Replicas that must hold a claim before its first row is committed. */
  readonly waitReplicas: number;
}

export interface RedisTls {
  /** Whether the certificate and the name of who answers are checked. */
  readonly verify: boolean;
  /** Absolute paths. */
  readonly caFile?: string;
  readonly certFile?: string;
  readonly keyFile?: string;
}

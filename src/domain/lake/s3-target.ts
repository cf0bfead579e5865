/** Which bucket a lake lies in, and how to get there. */
export interface S3Target {
  readonly bucket: string;
  /** Below which the lake's keys lie; empty, or without a slash at either end. */
  readonly prefix: string;
  /** Null is the region's own of AWS. */
  readonly endpoint: string | null;
  readonly region: string;
  /** `endpoint/bucket/key` in place of `bucket.endpoint/key`. */
  readonly forcePathStyle: boolean;
  /** Null looks where the AWS tools look: environment, profile, container, instance. */
  readonly credentials: S3Credentials | null;
  /** Null is the bucket's own default. */
  readonly storageClass: string | null;
  readonly encryption: S3Encryption | null;
  readonly connectTimeoutMs: number;
  /** An answer that takes longer counts as lost; also the longest silence within one. */
  readonly requestTimeoutMs: number;
  /** So long what fails in passing is tried again, by whom the store has answered before. */
  readonly retryForMs: number;
  readonly limits: S3Limits;
}

/** What one process may ask of the store; 0 is no limit. */
export interface S3Limits {
  readonly requestsPerSecond: number;
  readonly uploadBytesPerSecond: number;
  readonly downloadBytesPerSecond: number;
}

export interface S3Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

export type S3Encryption =
  | { readonly algorithm: 'AES256' }
  | { readonly algorithm: 'aws:kms'; readonly keyId: string | null };

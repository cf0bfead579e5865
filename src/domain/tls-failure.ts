/** What keeps TLS from coming about: no matter how often it is tried, the answer is the same. */

interface Failure {
  readonly code?: unknown;
  readonly message?: unknown;
}

/** Node's and OpenSSL's codes → what to do about it; the first pattern that fits. */
const HINTS: readonly (readonly [pattern: RegExp, hint: string])[] = [
  [/^CERT_HAS_EXPIRED$/, 'renew the certificate of the server'],
  [
    /^CERT_NOT_YET_VALID$/,
    'the certificate is of a later time: compare the clocks of both machines',
  ],
  [
    /^ERR_TLS_CERT_ALTNAME_INVALID$/,
    'connect by the name that the certificate has, or give the server a certificate of this name',
  ],
  [
    /SELF_SIGNED|UNABLE_TO_(?:VERIFY|GET)|^CERT_(?:UNTRUSTED|SIGNATURE_FAILURE|CHAIN_TOO_LONG)$|^INVALID_CA$/,
    'nobody that is named vouches for the certificate: name its authority, a file of PEM (redis.tls_ca_file, postgres.ssl_ca_file)',
  ],
  [/^CERT_|^CRL_/, 'have the certificate of the server looked at by who issued it'],
  [
    /WRONG_VERSION_NUMBER|PACKET_LENGTH_TOO_LONG|HTTP_REQUEST/,
    'the server speaks no TLS at this port: connect without it, or to its TLS port',
  ],
  [
    /UNKNOWN_CA$/,
    'the server does not know who issued tierd’s own certificate: give the server that authority, or tierd another redis.tls_cert_file',
  ],
  [/KEY_VALUES_MISMATCH/, 'redis.tls_key_file is not the key of redis.tls_cert_file'],
  [
    /CERTIFICATE_REQUIRED|BAD_CERTIFICATE/,
    'the server wants a certificate of tierd’s own: redis.tls_cert_file and tls_key_file',
  ],
  [
    /PROTOCOL_VERSION|UNSUPPORTED_PROTOCOL|NO_SHARED_CIPHER|HANDSHAKE_FAILURE/,
    'server and tierd share no version or cipher of TLS: the server needs TLS 1.2 or later',
  ],
  [/^ERR_OSSL_|^ERR_SSL_/, 'compare the TLS settings of the server and of the configuration'],
];

/** Null for anything else, such as a line that broke. */
export function tlsHintFor(error: unknown): string | null {
  if (typeof error !== 'object' || error === null) return null;
  const { code, message } = error as Failure;
  if (typeof message === 'string' && message.includes('does not support SSL connections')) {
    return 'the server speaks no TLS: set ssl = on there, or connect without it (postgres.ssl: disable)';
  }
  if (typeof code !== 'string') return null;
  return HINTS.find(([pattern]) => pattern.test(code))?.[1] ?? null;
}

/** OpenSSL's reason, out of the line that it writes for itself: `error:0A00045C:SSL routines:ssl3_read_bytes:certificate required:…`. */
export function tlsWordsOf(message: string): string {
  return /error:[0-9A-F]{8}:[^:]*:[^:]*:([^:\n]+)/.exec(message)?.[1] ?? message;
}

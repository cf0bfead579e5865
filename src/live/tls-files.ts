/** The files of PEM that the `redis` section names. Of one that holds something else OpenSSL says nothing that helps. */
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { TierdError } from '../domain/errors.ts';

type Setting = 'tls_ca_file' | 'tls_cert_file' | 'tls_key_file';

export interface CertificateFile {
  readonly pem: Buffer;
  /** Of the first in it: `Nov 29 22:00:00 2026 GMT`. */
  readonly validTo: string;
}

/** Throws CONFIG_INVALID where the file can't be read or holds none. */
export function readCertificate(setting: Setting, file: string): CertificateFile {
  const pem = read(setting, file);
  const label = '-----BEGIN CERTIFICATE-----';
  try {
    const { validTo } = new X509Certificate(pem);
    if (pem.includes(label)) return { pem, validTo };
  } catch {
    // Told below.
  }
  const hint = `it has to be a file of PEM, which has a line ${label}`;
  throw unusable(setting, file, 'holds no certificate', hint);
}

/** Throws CONFIG_INVALID where the file can't be read or holds none. */
export function readKey(file: string): Buffer {
  const setting = 'tls_key_file';
  const pem = read(setting, file);
  try {
    createPrivateKey(pem);
    return pem;
  } catch (cause) {
    const hint = 'it has to be a file of PEM with a private key that needs no passphrase';
    throw unusable(setting, file, 'holds no key that can be read', hint, cause);
  }
}

function read(setting: Setting, file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? ` (${String(cause.code)})` : '';
    const hint = 'check its path and its permissions';
    throw unusable(setting, file, `can't be read${code}`, hint, cause);
  }
}

function unusable(
  setting: Setting,
  file: string,
  found: string,
  hint: string,
  cause?: unknown,
): TierdError {
  return new TierdError({
    code: 'CONFIG_INVALID',
    message: `redis.${setting}, ${file}, ${found}; nothing was done`,
    hint,
    context: { file },
    cause,
  });
}

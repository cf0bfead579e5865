import { isHiddenAt, isSecretAt, type SchemaNode } from './json-schema.ts';
import { type ConfigPath, isRecord } from './path.ts';

const REDACTED = '(hidden)';

/** `value` without its secrets: fields that the schema calls secret, and passwords inside URLs. */
export function redact(value: unknown, schema: SchemaNode, path: ConfigPath = []): unknown {
  if (typeof value === 'string') {
    if (!isSecretAt(schema, path)) return redactUrls(value);
    // Of a connection URL everything but the password helps whoever reads it.
    const isShown = isUrl(value) && !isHiddenAt(schema, path);
    return isShown ? redactUrls(value) : REDACTED;
  }
  if (Array.isArray(value)) return value.map((item) => redact(item, schema, [...path, 0]));
  if (!isRecord(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [key, redact(item, schema, [...path, key])]),
  );
}

const SECRET_PARAMETER = /([?&](?:password|passwd|pwd|secret|token|sslpassword)=)[^&\s]*/gi;

/** As in the command of an alert: `curl -H 'Authorization: Bearer …'`. */
const SECRET_HEADER = /(\bauthorization:\s*\S+\s+)[^\s'"]+/gi;

/**
 * Every URL in `text` without its password, and every credential of HTTP. Cut generously: up to the last `@`, because a password
 * that was not percent-encoded may hold `@`, `/` and spaces.
 */
export function redactUrls(text: string): string {
  return text
    .replace(/([a-z][a-z0-9+.-]*:\/\/[^\s:@/]*):.*@/gis, `$1:${REDACTED}@`)
    .replace(SECRET_PARAMETER, `$1${REDACTED}`)
    .replace(SECRET_HEADER, `$1${REDACTED}`);
}

function isUrl(text: string): boolean {
  return URL.canParse(text) && /^[a-z][a-z0-9+.-]*:\/\//i.test(text);
}

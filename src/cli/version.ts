import { readFileSync } from 'node:fs';

/** tierd's version, from package.json two levels up: the same from src/cli and from dist/cli. */
export function readVersion(): string {
  const manifest: unknown = JSON.parse(
    readFileSync(new URL('../../package.json', import.meta.url), 'utf8'),
  );
  return (manifest as { readonly version: string }).version;
}

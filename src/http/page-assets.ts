/** The page's files, which `npm run build` made: read once, served from memory. */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { extname, join } from 'node:path';

export interface PageAsset {
  /** `/` for the page itself. */
  readonly url: string;
  readonly type: string;
  readonly body: Buffer;
  readonly etag: string;
  /** Whether its name changes with its content. */
  readonly isImmutable: boolean;
}

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml; charset=utf-8',
  '.txt': 'text/plain; charset=utf-8',
};

const PAGE = 'index.html';
/** As esbuild writes a content hash: `main-7Q5ZKX2A.js`. */
const HASHED = /-[A-Z0-9]{8}\.\w+$/;

/** None where the program runs from its sources: they are not built. */
export function readPageAssets(directory: string): readonly PageAsset[] {
  let names: readonly string[];
  try {
    names = readdirSync(directory);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
  return names.flatMap((name) => {
    const type = TYPES[extname(name)];
    if (type === undefined) return [];
    const body = readFileSync(join(directory, name));
    return [
      {
        url: name === PAGE ? '/' : `/assets/${name}`,
        type,
        body,
        etag: `"${createHash('sha256').update(body).digest('base64url')}"`,
        isImmutable: HASHED.test(name),
      },
    ];
  });
}

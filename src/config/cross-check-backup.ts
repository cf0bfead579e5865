/** Where backups lie, and where the lake does. Reads the file as it is written. */
import { resolve } from 'node:path/posix';
import { asRecord, formatPath } from './path.ts';
import type { PlacedProblem } from './validate.ts';

type Raw = Readonly<Record<string, unknown>>;

/** One in the other would be listed, and removed, with it. */
export function checkBackup(file: Raw): PlacedProblem[] {
  const own = wayTo(asRecord(file['backup'])['path']);
  const lake = asRecord(file['lake']);
  return [lake, asRecord(lake['far'])].flatMap(({ type, path }) => {
    const place = type === 'local' ? wayTo(path) : null;
    if (own === null || place === null) return [];
    if (!own.startsWith(place) && !place.startsWith(own)) return [];
    const at = ['backup', 'path'];
    const message =
      own === place
        ? 'is where the lake lies'
        : own.startsWith(place)
          ? 'lies within the lake'
          : 'has the lake within it';
    return [{ where: formatPath(at), path: at, message, expected: 'a place of its own' }];
  });
}

/** Where a relative path begins, whatever the file's directory is. */
const HERE = '/directory/of/the/file';

/** Ends with a slash; null where it is not said. */
function wayTo(path: unknown): string | null {
  return typeof path === 'string' && path !== ''
    ? `${resolve(HERE, path).replace(/\/$/, '')}/`
    : null;
}

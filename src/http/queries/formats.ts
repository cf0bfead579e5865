/** What an answer can be written as, and which of it somebody accepts. */

export const FORMATS = {
  json: 'application/json; charset=utf-8',
  ndjson: 'application/x-ndjson; charset=utf-8',
  csv: 'text/csv; charset=utf-8',
  arrow: 'application/vnd.apache.arrow.stream',
  parquet: 'application/vnd.apache.parquet',
} as const;

export type QueryFormat = keyof typeof FORMATS;

export const FORMAT_NAMES = Object.keys(FORMATS) as [QueryFormat, ...QueryFormat[]];

/**
 * By the header Accept: the first of those that are wanted most. JSON where it is missing.
 *
 * @returns null where nothing of it can be had
 */
export function acceptedFormat(accept: string | undefined): QueryFormat | null {
  if (accept === undefined || accept.trim() === '') return 'json';
  const wanted = accept
    .split(',')
    .map((range) => {
      const [type = '', ...parameters] = range.split(';').map((part) => part.trim().toLowerCase());
      const quality = parameters.find((one) => one.startsWith('q='))?.slice(2);
      return { type, quality: quality === undefined ? 1 : Number(quality) };
    })
    .filter(({ quality }) => quality > 0)
    .sort((a, b) => b.quality - a.quality);
  for (const { type } of wanted) {
    const found = FORMAT_NAMES.find((format) => matches(FORMATS[format], type));
    if (found !== undefined) return found;
  }
  return null;
}

function matches(offered: string, range: string): boolean {
  const [type = ''] = offered.split(';');
  if (range === '*/*') return true;
  return range.endsWith('/*') ? type.startsWith(range.slice(0, -1)) : type === range;
}

/** A far place of the lake, and when something goes there: neither makes sense alone. Reads the file as it is written. */
import { normalize } from 'node:path/posix';
import { hotDaysOf } from './cross-check-cold-days.ts';
import { asRecord, type ConfigPath, formatPath } from './path.ts';
import type { PlacedProblem } from './validate.ts';

type Raw = Readonly<Record<string, unknown>>;

const LIFECYCLE = ['storage', 'lifecycle'];

export function checkFar(file: Raw): PlacedProblem[] {
  const lake = asRecord(file['lake']);
  const lifecycle = asRecord(asRecord(file['storage'])['lifecycle']);
  const sections: readonly (readonly [ConfigPath, Raw])[] = [
    [LIFECYCLE, lifecycle],
    ...Object.entries(asRecord(file['datasets'])).map(
      ([name, dataset]) => [['datasets', name], asRecord(dataset)] as const,
    ),
  ];
  const saying = sections.filter(([, own]) => own['far_days'] !== undefined);
  const isThere = lake['far'] !== undefined;
  return [
    ...saying.flatMap(([path]) =>
      isThere
        ? []
        : [
            problem(
              [...path, 'far_days'],
              'says when segments go far, and there is no far place',
              'lake.far beside it',
            ),
          ],
    ),
    ...(isThere && saying.length === 0
      ? [
          problem(
            ['lake', 'far'],
            'nothing would ever go there',
            'far_days in storage.lifecycle, or of a dataset',
          ),
        ]
      : []),
    ...sections.flatMap(([path, own]) => checkDays(path, own, lifecycle)),
    ...checkPlaces(lake, asRecord(lake['far'])),
  ];
}

/** Told where one of the days is said that don't fit each other. */
function checkDays(path: ConfigPath, own: Raw, lifecycle: Raw): PlacedProblem[] {
  const far = own['far_days'] ?? lifecycle['far_days'];
  if (typeof far !== 'number') return [];
  const says = (key: string): boolean => own[key] !== undefined;
  const at = [...path, says('far_days') ? 'far_days' : says('hot_days') ? 'hot_days' : 'cold_days'];
  const isAlike = !says('far_days') && !says('hot_days') && !says('cold_days');
  if (isAlike) return [];
  const hot = hotDaysOf(own, lifecycle);
  const cold = own['cold_days'] ?? lifecycle['cold_days'];
  return [
    ...(typeof hot === 'number' && far <= hot
      ? [
          problem(
            at,
            `far_days (${String(far)}) is not more than hot_days (${String(hot)}): rows would go far as soon as they are cold`,
            `far_days of more than ${String(hot)}, counted from the row's own time`,
          ),
        ]
      : []),
    ...(typeof cold === 'number' && far >= cold
      ? [
          problem(
            at,
            `far_days (${String(far)}) is not less than cold_days (${String(cold)}): rows would expire before they go far`,
            `far_days of less than ${String(cold)}, or none`,
          ),
        ]
      : []),
  ];
}

/** One in the other would be listed, and removed, with it. */
function checkPlaces(near: Raw, far: Raw): PlacedProblem[] {
  const [nearPlace, farPlace] = [placeOf(near), placeOf(far)];
  if (nearPlace === null || farPlace === null) return [];
  const isApart = !nearPlace.startsWith(farPlace) && !farPlace.startsWith(nearPlace);
  if (isApart) return [];
  const path = ['lake', 'far', far['type'] === 's3' ? 'prefix' : 'path'];
  return [
    nearPlace === farPlace
      ? problem(path, 'is where the lake lies already', 'another place')
      : problem(path, 'lies within the lake, or the lake within it', 'a place of its own'),
  ];
}

/** Ends with a slash; null where it is not said. Of paths it is told as they are written. */
function placeOf(place: Raw): string | null {
  const { type, path, bucket, prefix = '', endpoint = '' } = place;
  if (type === 'local' && typeof path === 'string') {
    return `${normalize(path).replace(/\/+$/, '')}/`;
  }
  if (type !== 's3' || typeof bucket !== 'string') return null;
  return `s3:${String(endpoint)}/${bucket}/${prefix === '' ? '' : `${String(prefix)}/`}`;
}

function problem(path: ConfigPath, message: string, expected: string): PlacedProblem {
  return { where: formatPath(path), path, message, expected };
}

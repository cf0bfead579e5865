import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import type { TierdConfig } from '../../config/load.ts';
import type { S3Target } from '../../domain/lake/s3-target.ts';
import { fileSystemFor } from '../../lake/file-modes.ts';
import type { FileSystem } from '../../lake/file-system.ts';
import { endWithoutThreads, knockerAt } from '../../lake/knock.ts';
import { openLocalStore } from '../../lake/local-store.ts';
import { MARKER_KEY } from '../../lake/object-key.ts';
import type { ObjectStore } from '../../lake/object-store.ts';
import { estimatesInParts } from '../../lake/parts/estimate-parts.ts';
import { segmentsInParts } from '../../lake/parts/segments-in-parts.ts';
import { evict } from '../../lake/s3/cache-bound.ts';
import type { S3Api } from '../../lake/s3/s3-api.ts';
import { openS3Store } from '../../lake/s3/s3-store.ts';
import { openS3Api } from '../../lake/s3/sdk-api.ts';
import { cachedSegments, isKept } from '../../lake/s3/segment-cache.ts';
import { type EstimateParts, inPlace } from '../../lake/segment-files.ts';
import { type OpenedBy, openedInTiers, type TieredSegments } from '../../lake/tiered-segments.ts';
import { openTieredStore } from '../../lake/tiered-store.ts';
import { USUAL_TIME_LIMITS, withinTime } from '../../lake/within-time.ts';

/** The configured lake. Connects to nothing, and changes nothing. */
export async function openLake({ lake }: Pick<TierdConfig, 'lake'>): Promise<ObjectStore> {
  const near = await openPlace(lake);
  return lake.far === null ? near : openTieredStore(near, await openPlace(lake.far));
}

async function openPlace(lake: TierdConfig['lake']): Promise<ObjectStore> {
  if (lake.type === 'local') return openLocalStore(lake.root, fileSystemOf(lake));
  return openS3Store(apiOf(lake.target), lake.workDirectory, fileSystemOf(lake));
}

const apis: { readonly target: S3Target; readonly api: S3Api }[] = [];
/** Both places of a lake, and of the one that it is copied to. */
const APIS_KEPT = 4;

/**
 * One for all who open the same bucket in this process, one after the other too: the limits are on what they ask
 * together, and connections stay open.
 */
function apiOf(target: S3Target): S3Api {
  const kept = apis.find((one) => isDeepStrictEqual(one.target, target));
  if (kept !== undefined) return kept.api;
  const api = openS3Api(target);
  apis.unshift({ target, api });
  apis.splice(APIS_KEPT);
  return api;
}

/** Of a bucket there are only copies here, for tierd itself. */
export function fileSystemOf(lake: TierdConfig['lake']): FileSystem {
  if (lake.type !== 'local') return fileSystemFor('owner');
  const { root, readers } = lake;
  return withinTime(fileSystemFor(readers), {
    place: root,
    // What lies in the root, and not the root alone: that may be known of a mount that is dead.
    knock: knockerAt(join(root, MARKER_KEY)),
    whileHeld: endWithoutThreads,
    limits: USUAL_TIME_LIMITS,
  });
}

/** As soon as its footer would come, all of such a segment has. */
const WHOLE_BELOW_BYTES = 256 * 1024;

/** What `openedBy` would ask of a bucket; null of a lake on a disk, and of one in two places. */
export function estimatedBy({ lake }: Pick<TierdConfig, 'lake'>): EstimateParts | null {
  if (lake.type === 'local' || lake.far !== null) return null;
  const directory = keptIn(lake);
  return estimatesInParts({
    isKept: (key) => isKept({ directory }, key),
    directory,
    wholeBelowBytes: WHOLE_BELOW_BYTES,
  });
}

const keptIn = ({ workDirectory }: { readonly workDirectory: string }): string =>
  join(workDirectory, 'segments');

/**
 * How queries open its segments: those of a bucket in parts, where that is less.
 *
 * @param isFar of these keys those that are to be read in the far place; asked only where there is one
 */
export function openedBy(
  { lake }: Pick<TierdConfig, 'lake'>,
  store: ObjectStore,
  isFar: TieredSegments['isFar'],
): OpenedBy {
  const { tiers } = store;
  if (tiers === null || lake.far === null) return openedAt(lake, store);
  const [near, far] = [openedAt(lake, tiers.near), openedAt(lake.far, tiers.far)];
  return openedInTiers({ tiers, near, far, isFar });
}

function openedAt(lake: TierdConfig['lake'], store: ObjectStore): OpenedBy {
  if (lake.type === 'local') return { openSegments: inPlace(store), openParts: null };
  const directory = keptIn(lake);
  const maxBytes = lake.cacheBytes;
  const openSegments = cachedSegments({ store, fs: fileSystemOf(lake), directory, maxBytes });
  return {
    openSegments,
    openParts:
      store.ranges === null
        ? null
        : segmentsInParts({
            ranges: store.ranges,
            openSegments,
            isKept: (key) => isKept({ directory }, key),
            directory,
            wholeBelowBytes: WHOLE_BELOW_BYTES,
            evict: () => evict(directory, maxBytes),
          }),
  };
}

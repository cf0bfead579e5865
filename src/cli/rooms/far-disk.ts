import type { TierdConfig } from '../../config/load.ts';
import { TierdError } from '../../domain/errors.ts';
import type { TieringRooms } from '../../jobs/tiering/rooms.ts';
import { fileSystemOf } from './open-lake.ts';

/** By which segments come into the far place. @throws TierdError USAGE where there is none */
export function farDiskOf({ lake: { far } }: Pick<TierdConfig, 'lake'>): TieringRooms['farDisk'] {
  if (far !== null) {
    const { minFreeBytes } = far;
    return { fileSystem: fileSystemOf(far), isLocal: far.type === 'local', minFreeBytes };
  }
  throw new TierdError({
    code: 'USAGE',
    message: 'the lake has no far place; nothing was done.',
    hint: 'name one in `lake.far` of the configuration, and in `far_days` from which age on segments go there',
  });
}

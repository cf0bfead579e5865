import { countOf, megabytes } from '../../domain/count.ts';
import { TierdError } from '../../domain/errors.ts';
import type { CopyTarget } from './rooms.ts';

/** Two keep a disk, or a line, busy; more only take memory. */
export const COPIED_AT_ONCE = 2;

/**
 * Whether that many more bytes fit on the disk where they stay, or wait to be sent.
 *
 * @param sizes of what is to be copied
 * @param lever where less could be asked to stay free
 * @throws TierdError LAKE_FULL
 */
export async function assertRoom(
  target: CopyTarget,
  sizes: readonly number[],
  lever: string,
): Promise<void> {
  const free = await target.store.freeBytes();
  if (free === null) return;
  const needed = target.isLocal
    ? sizes.reduce((sum, bytes) => sum + bytes, 0)
    : COPIED_AT_ONCE * sizes.reduce((most, bytes) => Math.max(most, bytes), 0);
  if (free - needed >= target.minFreeBytes) return;
  const { stagingRoot, place } = target.store;
  throw new TierdError({
    code: 'LAKE_FULL',
    message: `${megabytes(free)} are free on the disk of ${target.isLocal ? place : stagingRoot}; ${countOf(sizes.length, 'segment')} that ${sizes.length === 1 ? 'is' : 'are'} to be copied there take ${megabytes(needed)}, and ${megabytes(target.minFreeBytes)} are to stay free. Nothing was copied.`,
    hint: `free space there, name a larger disk, or lower ${lever}`,
    context: { place, free, needed },
  });
}

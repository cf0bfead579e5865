/** Adoptions over a rotation's bench. */
import type { Dataset } from '../../src/domain/dataset.ts';
import { type AdoptionPlan, adopting, isRefused } from '../../src/jobs/adopt.ts';
import type { AdoptRequest } from '../../src/jobs/adoption/look-at-dataset.ts';
import type { Bench } from './rotation.ts';

export interface Adopted {
  readonly plan: AdoptionPlan;
  /** Null where it was refused. */
  readonly isDone: boolean;
}

export async function adopt(
  { rooms }: Pick<Bench, 'rooms'>,
  datasets: readonly Dataset[],
  wish: Partial<AdoptRequest> & { readonly dryRun?: true } = {},
): Promise<Adopted> {
  const request = {
    prefer: wish.prefer ?? null,
    verify: wish.verify ?? false,
    configured: datasets.map(({ name }) => name),
  };
  const own = { ...rooms, onProgress: () => undefined };
  return adopting(own, datasets, request, async (plan, carryOut) => {
    const isDone = wish.dryRun !== true && !isRefused(plan, request);
    if (isDone) await carryOut();
    return { plan, isDone };
  });
}

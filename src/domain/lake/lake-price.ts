/** What the store asks for reading it, as whoever pays it has written it down. */
export interface LakePrice {
  /** Of 10^9 bytes that leave the store. */
  readonly perGigabyte: number;
  readonly perThousandRequests: number;
  /** Null: not said. */
  readonly currency: string | null;
}

const GIGABYTE = 1e9;

export function priceOf(
  price: LakePrice,
  fetched: { readonly requests: number; readonly bytes: number },
): number {
  return (
    (fetched.bytes / GIGABYTE) * price.perGigabyte +
    (fetched.requests / 1000) * price.perThousandRequests
  );
}

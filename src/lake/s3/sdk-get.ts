import type { ByteRange } from '../file-system.ts';
import type { RangedAnswer } from './ranged-gets.ts';
import type { SdkCall } from './sdk-client.ts';

export interface GetAnswer extends Omit<RangedAnswer, 'bytes'> {
  readonly bytes: number | undefined;
}

/** An object, or a range of it. @param wanted the only version that is to be answered; null: any */
export async function getObject(
  at: { readonly Bucket: string; readonly Key: string },
  range: ByteRange | null,
  wanted: string | null,
  call: SdkCall,
): Promise<GetAnswer> {
  const bytes =
    range === null ? null : `bytes=${String(range.fromInclusive)}-${String(range.toExclusive - 1)}`;
  const asked = {
    ...(bytes === null ? {} : { Range: bytes }),
    ...(wanted === null ? {} : { IfMatch: wanted }),
  };
  if (bytes !== null) {
    const headers = { range: bytes, ...(wanted === null ? {} : { 'if-match': wanted }) };
    const found = await call(async ({ ranged }, { abortSignal }) =>
      ranged.isReady() ? ranged.ask(at.Key, headers, abortSignal) : null,
    );
    if (found !== null) return { ...found, bytes: Number(found.bytes) };
  }
  const { Body, ContentLength, ContentRange, ETag } = await call(({ sdk, client }, options) =>
    client.send(new sdk.GetObjectCommand({ ...at, ...asked }), options),
  );
  return { body: Body, bytes: ContentLength, contentRange: ContentRange, version: ETag ?? null };
}

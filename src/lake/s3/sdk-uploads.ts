import type * as Sdk from '@aws-sdk/client-s3';
import type { Upload } from './s3-api.ts';
import { given } from './sdk-answers.ts';
import type { SdkCall } from './sdk-client.ts';

/** All uploads that were begun and neither completed nor aborted; with the keys of the bucket. */
export async function listAllUploads(
  at: { readonly Bucket: string; readonly Prefix: string },
  call: SdkCall,
): Promise<readonly Upload[]> {
  const found: Upload[] = [];
  let marker: Pick<Sdk.ListMultipartUploadsCommandInput, 'KeyMarker' | 'UploadIdMarker'> = {};
  for (;;) {
    const answer = await call(({ sdk, client }, options) =>
      client.send(new sdk.ListMultipartUploadsCommand({ ...at, ...marker }), options),
    );
    for (const { Key, UploadId } of answer.Uploads ?? []) {
      found.push({ key: given(Key, 'Key'), uploadId: given(UploadId, 'UploadId') });
    }
    const { IsTruncated, NextKeyMarker, NextUploadIdMarker } = answer;
    if (IsTruncated !== true || NextKeyMarker === undefined) return found;
    marker = {
      KeyMarker: NextKeyMarker,
      ...(NextUploadIdMarker === undefined ? {} : { UploadIdMarker: NextUploadIdMarker }),
    };
  }
}

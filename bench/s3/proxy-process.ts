/** What `startProxy` starts: its one argument is the URL of the store. It ends with its parent. */
import { openS3Proxy } from '../../test/support/s3-proxy.ts';
import type { SeenInAll, ToProxy } from './proxy.ts';

const proxy = await openS3Proxy(process.argv[2] ?? '');
let told = 0;
process.on('disconnect', () => process.exit());
process.on('message', (asked: ToProxy) => {
  switch (asked.kind) {
    case 'seen':
      process.send?.(sumOfNew());
      break;
    case 'delay':
      proxy.delay(asked.ms);
      process.send?.({});
      break;
    case 'close':
      process.exit();
  }
});
process.send?.({ url: proxy.url });

function sumOfNew(): SeenInAll {
  const reads = proxy.seen
    .slice(told)
    .filter(({ method, path }) => method === 'GET' && /^[^?]+\.parquet/.test(path));
  told = proxy.seen.length;
  return { requests: reads.length, bytes: reads.reduce((sum, { bytes }) => sum + bytes, 0) };
}

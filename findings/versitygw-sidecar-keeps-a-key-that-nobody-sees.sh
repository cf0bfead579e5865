#!/usr/bin/env bash
# versitygw 1.8.0 (Go, posix backend with --sidecar), @aws-sdk/client-s3 3.1175.0, Node 20 or later, Linux.
#
# Guess before running: a PUT with If-None-Match: * that is refused has left nothing; once HEAD says 404, and the key was deleted
# besides, the same PUT is taken.
#
# Seen: of PUTs beside the DELETE of the last other object in their folder some are answered 409 ExistingObjectIsDirectory, and of
# these some (in one of a few hundred rounds) for ever after 412 PreconditionFailed, while HEAD says 404, and a DELETE that is answered with success
# changes nothing. The ETag was noted in the sidecar before the file got its name, which failed for want of the folder; conditions are
# judged by the note alone, and a DELETE of what has no file doesn't reach it. With extended attributes in place of --sidecar the note
# goes with the file, and it is not seen.
#
# What it means for tierd: it gives up after its tries, deletes no row, and says that the store's records are at odds
# (LAKE_UNWRITABLE). A segment's key carries the hash of its content, so the same rows meet the same key: it must be removed by hand.
set -euo pipefail
work=$(mktemp -d)
trap 'if [ -n "${server:-}" ]; then kill "$server" 2>/dev/null || true; wait "$server" 2>/dev/null || true; fi; rm -rf "$work"' EXIT
cd "$work"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund @aws-sdk/client-s3@3.1175.0 >/dev/null
GOBIN=$work go install github.com/versity/versitygw/cmd/versitygw@v1.8.0 2>/dev/null
mkdir -p data/lake meta
port=$(node -e 'const s=require("net").createServer().listen(0,"127.0.0.1",()=>{console.log(s.address().port);s.close()})')
ROOT_ACCESS_KEY=finding ROOT_SECRET_KEY=finding-secret ./versitygw --port "127.0.0.1:$port" posix --sidecar "$work/meta" "$work/data" >log 2>&1 &
server=$!
cat >run.cjs <<'JS'
const sdk = require('@aws-sdk/client-s3');
const url = `http://127.0.0.1:${process.argv[2]}`;
const ROUNDS = 2_000;
(async () => {
  while (!(await fetch(url).catch(() => null))) await new Promise((resolve) => setTimeout(resolve, 100));
  const client = new sdk.S3Client({
    region: 'us-east-1', endpoint: url, forcePathStyle: true, maxAttempts: 1, requestChecksumCalculation: 'WHEN_REQUIRED',
    credentials: { accessKeyId: 'finding', secretAccessKey: 'finding-secret' },
  });
  const answerOf = (command) => client.send(command).then(
    () => 'done', (error) => `${error.$metadata?.httpStatusCode} ${error.name}`);
  const at = (Key) => ({ Bucket: 'lake', Key });
  const put = (key) => answerOf(new sdk.PutObjectCommand({ ...at(key), Body: 'x', IfNoneMatch: '*' }));
  for (let round = 1; round <= ROUNDS; round += 1) {
    const [one, other] = [`folder${round}/x/one`, `folder${round}/x/other`];
    await put(one);
    const [, first] = await Promise.all([answerOf(new sdk.DeleteObjectCommand(at(one))), put(other)]);
    if (first === 'done' || (await put(other)) === 'done') continue;
    console.log(`round ${round}: PUT beside a DELETE: ${first}`);
    console.log(`HEAD: ${await answerOf(new sdk.HeadObjectCommand(at(other)))}`);
    console.log(`PUT: ${await put(other)}`);
    console.log(`DELETE: ${await answerOf(new sdk.DeleteObjectCommand(at(other)))}`);
    console.log(`PUT: ${await put(other)}`);
    return;
  }
  console.log(`not seen in ${ROUNDS} rounds`);
  process.exitCode = 1;
})();
JS
node --no-warnings run.cjs "$port"

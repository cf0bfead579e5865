/** The fingerprint's kernel, compiled from AssemblyScript. `npm run kernel:write`. */
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath, pathToFileURL } from 'node:url';
import asc from 'assemblyscript/asc';

const FOLDER = new URL('../src/domain/fingerprint/', import.meta.url);
export const KERNEL_BYTES = new URL('kernel-bytes.ts', FOLDER);

const LINE_CHARS = 90;

/** The text of `kernel-bytes.ts`. */
export async function renderKernel(): Promise<string> {
  const lines = (await compile()).toString('base64').match(new RegExp(`.{1,${LINE_CHARS}}`, 'gu'));
  return `/** Made by \`npm run kernel:write\` from kernel/hash-rows.ts. Edit there. */

/** A WebAssembly module, in base64. */
export const KERNEL = \`
${(lines ?? []).join('\n')}
\`;
`;
}

async function compile(): Promise<Buffer> {
  const files = new Map<string, Uint8Array>();
  const { error, stderr } = await asc.main(
    [
      'hash-rows.ts',
      ...['--baseDir', fileURLToPath(new URL('kernel/', FOLDER)), '--outFile', 'kernel.wasm'],
      ...['-O3', '--noAssert', '--runtime', 'stub', '--enable', 'simd', '--importMemory'],
    ],
    {
      writeFile: (name, contents) => {
        files.set(name, Buffer.from(contents));
      },
    },
  );
  const compiled = files.get('kernel.wasm');
  if (error !== null || compiled === undefined) throw new Error(stderr.toString());
  return Buffer.from(compiled);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const before = readFileSync(KERNEL_BYTES, { encoding: 'utf8', flag: 'a+' });
  const after = await renderKernel();
  if (before !== after) writeFileSync(KERNEL_BYTES, after);
  console.log(before === after ? 'kernel-bytes.ts is up to date' : 'wrote kernel-bytes.ts');
}

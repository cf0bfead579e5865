/** The fingerprint's kernel, compiled from AssemblyScript. `npm run kernel:write`. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const FOLDER = new URL('../src/domain/fingerprint/', import.meta.url);
export const KERNEL_BYTES = new URL('kernel-bytes.ts', FOLDER);

/** Run, not imported: its types would give every array of ours the methods of its own. */
const COMPILER = fileURLToPath(
  new URL('../node_modules/assemblyscript/bin/asc.js', import.meta.url),
);
const FLAGS = ['-O3', '--noAssert', '--runtime', 'stub', '--enable', 'simd', '--importMemory'];
const LINE_CHARS = 90;

/** The text of `kernel-bytes.ts`. */
export function renderKernel(): string {
  const lines = compile()
    .toString('base64')
    .match(new RegExp(`.{1,${LINE_CHARS}}`, 'gu'));
  return `/** Made by \`npm run kernel:write\` from kernel/hash-rows.ts. Edit there. */

/** A WebAssembly module, in base64. */
export const KERNEL = \`
${(lines ?? []).join('\n')}
\`;
`;
}

function compile(): Buffer {
  const folder = mkdtempSync(join(tmpdir(), 'tierd-kernel-'));
  try {
    const compiled = join(folder, 'kernel.wasm');
    const source = fileURLToPath(new URL('kernel/hash-rows.ts', FOLDER));
    execFileSync(process.execPath, [COMPILER, source, '--outFile', compiled, ...FLAGS]);
    return readFileSync(compiled);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const before = readFileSync(KERNEL_BYTES, { encoding: 'utf8', flag: 'a+' });
  const after = renderKernel();
  if (before !== after) writeFileSync(KERNEL_BYTES, after);
  console.log(before === after ? 'kernel-bytes.ts is up to date' : 'wrote kernel-bytes.ts');
}

/** Bundles src/page for the browser into dist/http/page. Part of `npm run build`. */
import { copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, dirname, join, resolve } from 'node:path';
import { build } from 'esbuild';

const ROOT = resolve(import.meta.dirname, '..');
const SOURCE = join(ROOT, 'src', 'page');
const TARGET = join(ROOT, 'dist', 'http', 'page');
/** Bundled, so that their licences go along. */
const LIBRARIES = ['preact', 'uplot'];

rmSync(TARGET, { recursive: true, force: true });
mkdirSync(TARGET, { recursive: true });
const { metafile } = await build({
  absWorkingDir: ROOT,
  entryPoints: [join(SOURCE, 'main.tsx'), join(SOURCE, 'style', 'page.css')],
  outdir: TARGET,
  entryNames: '[name]-[hash]',
  // What not everybody looks at is loaded by who does.
  splitting: true,
  chunkNames: '[name]-[hash]',
  bundle: true,
  minify: true,
  metafile: true,
  format: 'esm',
  target: ['chrome111', 'firefox115', 'safari16.4'],
  jsx: 'automatic',
  jsxImportSource: 'preact',
  legalComments: 'none',
});
const built = Object.keys(metafile.outputs).map((path) => basename(path));
const page = readFileSync(join(SOURCE, 'index.html'), 'utf8')
  .replace('{{script}}', nameOf('main-', '.js'))
  .replace('{{style}}', nameOf('page-', '.css'));
writeFileSync(join(TARGET, 'index.html'), page);
copyFileSync(join(SOURCE, 'icon.svg'), join(TARGET, 'icon.svg'));
writeFileSync(join(TARGET, 'licences.txt'), LIBRARIES.map(licenceOf).join('\n\n'));

function nameOf(begin: string, extension: string): string {
  const name = built.find((file) => file.startsWith(begin) && file.endsWith(extension));
  if (name === undefined) throw new Error(`esbuild made no file ${begin}…${extension}`);
  return name;
}

function licenceOf(library: string): string {
  const { resolve: find } = createRequire(import.meta.url);
  let directory = dirname(find(library));
  while (basename(directory) !== library) directory = dirname(directory);
  return `${library}\n\n${readFileSync(join(directory, 'LICENSE'), 'utf8')}`;
}

/** docs/configuration.md out of the schema, so that the two can't disagree. `npm run docs:config`. */
import { readFileSync, writeFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { parse } from 'yaml';
import { configJsonSchema, type SchemaNode } from '../src/config/json-schema.ts';

export const CONFIG_DOCS = new URL('../docs/configuration.md', import.meta.url);

const INTRODUCTION = `# Configuration

<!-- Made by \`npm run docs:config\` from the schema in src/config. Edit there. -->

tierd reads one file, \`unified_config.yaml\`. It is the first of these that exists:

1. the file named by \`--config FILE\`
2. the file named by the environment variable \`TIERD_CONFIG\`
3. \`./unified_config.yaml\`
4. \`./config/unified_config.yaml\`
5. \`/etc/tierd/unified_config.yaml\`

A file that is named (1, 2) but is not there is an error: tierd does not fall through to another.

\`tierd config check\` reports every problem at once, with its line, and exits with 2.
\`tierd config print\` shows the file as tierd understands it, defaults filled in and secrets hidden.
\`tierd config schema\` prints a JSON Schema for editors; with the YAML language server:

\`\`\`yaml
# yaml-language-server: $schema=./unified_config.schema.json
\`\`\`

## How values are written

| value | written as |
|---|---|
| duration | a number and its unit: \`500ms\`, \`30s\`, \`5min\`, \`2h\`, \`7d\`. A number alone is an error, and so is \`5m\`: it could be minutes or months. |
| size | a number and its unit: \`64KB\`, \`256MB\`, \`5GB\`, \`1TB\`. Powers of 1024, as in PostgreSQL's own settings. |
| path | absolute, or relative to the directory of the configuration file. |
| variable | \`\${NAME}\` is replaced from the environment, in any value; a variable that is not set is an error. \`\${NAME:-default}\` stands in for one that is unset or empty. Write \`$\${\` for a plain \`\${\`. Values are replaced after YAML has been read, so a secret may hold any character. |
| secret | best in a file of its own: \`url_file\`, \`password_file\`, \`direct_url_file\`. A newline at its end is not part of it. |

A key that tierd does not know is an error, never ignored.
`;

export function renderConfigDocs(): string {
  const sections = Object.entries(configJsonSchema().properties ?? {}).flatMap(([name, node]) =>
    renderMapping(name, node, 2),
  );
  return `${[INTRODUCTION, ...sections].join('\n')}\n`;
}

/** A heading, a table of the plain keys, then a part for each mapping inside. */
function renderMapping(path: string, node: SchemaNode, level: number): string[] {
  const variants = node.oneOf;
  const heading = `${'#'.repeat(level)} \`${path}\`\n`;
  const description = node.description === undefined ? [] : [`${node.description}\n`];
  if (variants !== undefined) {
    const parts = variants.flatMap((variant) => {
      const type = String(variant.properties?.['type']?.const);
      const [, ...rest] = renderMapping(path, variant, level);
      return [`With \`type: ${type}\`:\n`, ...rest];
    });
    return [heading, ...description, ...parts];
  }
  const entries = Object.entries(node.properties ?? {});
  const leaves = entries.filter(([, child]) => !isMapping(child));
  const mappings = entries.filter(([, child]) => isMapping(child));
  return [
    heading,
    ...description,
    ...(leaves.length === 0 ? [] : [renderTable(leaves, new Set(node.required))]),
    ...mappings.flatMap(([key, child]) => renderMapping(`${path}.${key}`, child, level + 1)),
    ...(typeof node.additionalProperties === 'object'
      ? renderMapping(`${path}.<name>`, node.additionalProperties, level + 1)
      : []),
  ];
}

/** `columns` of a dataset is a mapping too, but of plain values: one line says it. */
function isMapping(node: SchemaNode): boolean {
  return (
    node.properties !== undefined ||
    node.oneOf !== undefined ||
    (typeof node.additionalProperties === 'object' &&
      node.additionalProperties.properties !== undefined)
  );
}

function renderTable(
  leaves: readonly (readonly [string, SchemaNode])[],
  required: ReadonlySet<string>,
): string {
  const rows = leaves.map(([key, node]) => {
    const preset = required.has(key) ? '**required**' : showDefault(node.default);
    return `| \`${key}\` | ${escapeCell(valueOf(node))} | ${preset} | ${escapeCell(meaningOf(node))} |`;
  });
  return `${['| key | value | default | meaning |', '|---|---|---|---|', ...rows].join('\n')}\n`;
}

function valueOf(node: SchemaNode): string {
  return node.const === undefined ? (node.expects ?? '') : `\`${showYaml(node.const)}\``;
}

function meaningOf(node: SchemaNode): string {
  const [example] = node.examples ?? [];
  const shown = example === undefined ? '' : ` Example: \`${showYaml(example)}\`.`;
  return `${node.description ?? ''}${shown}`;
}

function showDefault(value: unknown): string {
  if (value === undefined) return '';
  return `\`${showYaml(value)}\``;
}

/** On one line, as it would stand in the file. */
function showYaml(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(showYaml).join(', ')}]`;
  if (typeof value === 'object' && value !== null) {
    const entries = Object.entries(value).map(([key, item]) => `${key}: ${showYaml(item)}`);
    return entries.length === 0 ? '{}' : `{ ${entries.join(', ')} }`;
  }
  if (typeof value !== 'string') return String(value);
  if (isPlain(value)) return value;
  return value.includes('"') ? `'${value}'` : `"${value}"`;
}

/** Whether YAML takes it for this very text, by itself and inside { } and [ ]. */
function isPlain(text: string): boolean {
  try {
    const { alone, inside } = parse(`alone: ${text}\ninside: [${text}]`) as Record<string, unknown>;
    return alone === text && Array.isArray(inside) && inside.length === 1 && inside[0] === text;
  } catch {
    return false;
  }
}

function escapeCell(text: string): string {
  return text.replaceAll('|', '\\|').replace(/\s+/g, ' ');
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const before = readFileSync(CONFIG_DOCS, { encoding: 'utf8', flag: 'a+' });
  const after = renderConfigDocs();
  if (before !== after) writeFileSync(CONFIG_DOCS, after);
  console.log(
    before === after ? 'docs/configuration.md is up to date' : 'wrote docs/configuration.md',
  );
}

/**
 * src/client/status-document.ts out of the schema that /openapi.json shows, so that the two can't disagree.
 * `npm run client:types`.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { z } from 'zod';
import { statusSchema } from '../src/http/status-document.ts';

export const CLIENT_TYPES = new URL('../src/client/status-document.ts', import.meta.url);
const FORMATTER = fileURLToPath(new URL('../node_modules/.bin/biome', import.meta.url));

/** As much of JSON Schema as our documents are written in. */
interface Schema {
  readonly type?: string | readonly string[];
  readonly enum?: readonly unknown[];
  readonly anyOf?: readonly Schema[];
  readonly items?: Schema;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly description?: string;
}

export function renderClientTypes(): string {
  const schema = z.toJSONSchema(statusSchema, { io: 'output', unrepresentable: 'any' });
  const text = `/** What \`GET /status\` answers. Made by \`npm run client:types\` from what /openapi.json shows. */
export interface StatusDocument ${typeOf(schema as Schema)}
`;
  return execFileSync(FORMATTER, ['format', '--stdin-file-path=status-document.ts'], {
    input: text,
    encoding: 'utf8',
  });
}

function typeOf(schema: Schema): string {
  if (schema.enum !== undefined) return schema.enum.map((one) => JSON.stringify(one)).join(' | ');
  if (schema.anyOf !== undefined) return schema.anyOf.map(typeOf).join(' | ');
  if (Array.isArray(schema.type)) {
    return schema.type.map((type: string) => typeOf({ ...schema, type })).join(' | ');
  }
  switch (schema.type) {
    case 'object':
      return objectOf(schema);
    case 'array':
      return `readonly (${typeOf(schema.items ?? {})})[]`;
    case 'integer':
      return 'number';
    case 'string':
    case 'number':
    case 'boolean':
    case 'null':
      return schema.type;
    default:
      return 'unknown';
  }
}

function objectOf({ properties = {}, required = [] }: Schema): string {
  const members = Object.entries(properties).map(([name, schema]) => {
    const comment = schema.description === undefined ? '' : `/** ${schema.description} */\n`;
    return `${comment}readonly ${name}${required.includes(name) ? '' : '?'}: ${typeOf(schema)};`;
  });
  return `{\n${members.join('\n')}\n}`;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const before = readFileSync(CLIENT_TYPES, { encoding: 'utf8', flag: 'a+' });
  const after = renderClientTypes();
  if (before !== after) writeFileSync(CLIENT_TYPES, after);
  console.log(before === after ? 'status-document.ts is up to date' : 'wrote status-document.ts');
}

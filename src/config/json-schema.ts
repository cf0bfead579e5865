/** The configuration as JSON Schema: for editors, for the docs, and for finding keys by path. */
import { z } from 'zod';
import type { ConfigPath } from './path.ts';
import { configSchema } from './schema.ts';

export interface SchemaNode {
  readonly type?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly examples?: readonly unknown[];
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly properties?: Readonly<Record<string, SchemaNode>>;
  readonly additionalProperties?: SchemaNode | boolean;
  readonly items?: SchemaNode;
  readonly required?: readonly string[];
  readonly oneOf?: readonly SchemaNode[];
  readonly anyOf?: readonly SchemaNode[];
  /** What a value looks like, in words. */
  readonly expects?: string;
  readonly secret?: boolean;
  /** Secret as a whole, also where it is a URL. */
  readonly hidden?: boolean;
  readonly title?: string;
  readonly pattern?: string;
}

export function configJsonSchema(): SchemaNode {
  return z.toJSONSchema(configSchema, { io: 'input', reused: 'inline' }) as SchemaNode;
}

/** As `configJsonSchema`, for editors: any value may also be a `${VAR}`, and no words of our own. */
export function editorSchema(): SchemaNode {
  return {
    ...allowVariables(configJsonSchema()),
    title: 'unified_config.yaml of tierd',
  };
}

function allowVariables({ expects: _, secret: __, hidden: ___, ...node }: SchemaNode): SchemaNode {
  const { properties, additionalProperties, items, oneOf } = node;
  const isText = node.type === 'string' && node.pattern === undefined && node.enum === undefined;
  if (node.const !== undefined || isText) return node;
  if (properties === undefined && additionalProperties === undefined && !items && !oneOf) {
    const { description, default: preset, examples, ...value } = node;
    return {
      ...(description === undefined ? {} : { description }),
      ...(preset === undefined ? {} : { default: preset }),
      ...(examples === undefined ? {} : { examples }),
      anyOf: [value, { type: 'string', pattern: '\\$\\{' }],
    };
  }
  return {
    ...node,
    ...(properties === undefined ? {} : { properties: mapValues(properties, allowVariables) }),
    ...(typeof additionalProperties === 'object'
      ? { additionalProperties: allowVariables(additionalProperties) }
      : {}),
    ...(items === undefined ? {} : { items: allowVariables(items) }),
    ...(oneOf === undefined ? {} : { oneOf: oneOf.map(allowVariables) }),
  };
}

function mapValues<T>(record: Readonly<Record<string, T>>, change: (value: T) => T) {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, change(value)]));
}

/** The schemas of what may stand at `path`: more than one below a union. */
function nodesAt(root: SchemaNode, path: ConfigPath): readonly SchemaNode[] {
  let nodes = expand(root);
  for (const key of path) {
    nodes = nodes.flatMap((node) => {
      const child = node.properties?.[String(key)] ?? node.additionalProperties ?? node.items;
      return typeof child === 'object' ? expand(child) : [];
    });
  }
  return nodes;
}

/** The keys that may stand in the mapping at `path`. */
export function keysAt(root: SchemaNode, path: ConfigPath): readonly string[] {
  return nodesAt(root, path).flatMap((node) => Object.keys(node.properties ?? {}));
}

export function isSecretAt(root: SchemaNode, path: ConfigPath): boolean {
  return nodesAt(root, path).some((node) => node.secret === true);
}

export function isHiddenAt(root: SchemaNode, path: ConfigPath): boolean {
  return nodesAt(root, path).some((node) => node.hidden === true);
}

function expand(node: SchemaNode): readonly SchemaNode[] {
  return node.oneOf ?? node.anyOf ?? [node];
}

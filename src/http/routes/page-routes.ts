/** The page for people. Its files hold no data: they are open, and ask the other routes for it. */
import { z } from 'zod';
import { admit, type Tokens } from '../admission.ts';
import type { PageAsset } from '../page-assets.ts';
import type { Route } from '../route.ts';

/**
 * Nothing but our own script runs, nothing leaves this server, and no text becomes markup.
 * A style that a script sets on an element is no inline style.
 */
const PAGE_HEADERS: Readonly<Record<string, string>> = {
  'content-security-policy': [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self'",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
  ].join('; '),
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
};

export const accessSchema = z.object({
  status: z.boolean().meta({ description: 'Whether the caller may read.' }),
  control: z.boolean().meta({ description: 'Whether the caller may command.' }),
  control_enabled: z.boolean().meta({ description: 'Whether anybody may command.' }),
  query: z.boolean().meta({ description: 'Whether the caller may query.' }),
  query_enabled: z.boolean().meta({ description: 'Whether anybody may query.' }),
});

export function pageRoutes(assets: readonly PageAsset[], tokens: Tokens): readonly Route[] {
  return [
    ...assets.map(assetRoute),
    {
      method: 'GET',
      url: '/v1/access',
      scope: 'open',
      summary: 'What the token that is shown allows.',
      response: accessSchema,
      answer: ({ authorization }) => ({
        status: 200,
        body: {
          status: admit('status', tokens, authorization) === null,
          control: admit('control', tokens, authorization) === null,
          control_enabled: tokens.control !== null,
          query: admit('query', tokens, authorization) === null,
          query_enabled: tokens.query !== null,
        },
      }),
    },
  ];
}

function assetRoute({ url, type, body, etag, isImmutable }: PageAsset): Route {
  const headers = {
    ...PAGE_HEADERS,
    etag,
    'cache-control': isImmutable ? 'public, max-age=31536000, immutable' : 'no-cache',
  };
  return {
    method: 'GET',
    url,
    scope: 'open',
    summary: url === '/' ? 'The page for people.' : 'A file of the page.',
    isFile: true,
    answer: ({ ifNoneMatch }) =>
      ifNoneMatch === etag ? { status: 304, headers, type } : { status: 200, headers, type, body },
  };
}

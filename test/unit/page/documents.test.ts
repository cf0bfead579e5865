import { describe, expectTypeOf, it } from 'vitest';
import type { z } from 'zod';
import type { statusSchema } from '../../../src/http/status-document.ts';
import type { StatusDocument } from '../../../src/page/documents.ts';

describe('what the page reads', () => {
  // The compiler holds it: `npm run typecheck` fails when the two part.
  it('is what the server writes', () => {
    expectTypeOf<z.output<typeof statusSchema>>().toExtend<StatusDocument>();
  });
});

import { describe, expectTypeOf, it } from 'vitest';
import type { z } from 'zod';
import type { dryRunSchema } from '../../../src/http/routes/dry-run-routes.ts';
import type { accessSchema } from '../../../src/http/routes/page-routes.ts';
import type { runsSchema } from '../../../src/http/routes/status-routes.ts';
import type { calendarSchema, flowSchema } from '../../../src/http/routes/survey-routes.ts';
import type { statusSchema } from '../../../src/http/status-document.ts';
import type {
  AccessDocument,
  CalendarDocument,
  DryRunDocument,
  FlowDocument,
  RunsDocument,
  StatusDocument,
} from '../../../src/page/documents.ts';

describe('what the page reads', () => {
  // The compiler holds it: `npm run typecheck` fails when the two part.
  it('is what the server writes', () => {
    expectTypeOf<z.output<typeof statusSchema>>().toExtend<StatusDocument>();
    expectTypeOf<z.output<typeof calendarSchema>>().toExtend<CalendarDocument>();
    expectTypeOf<z.output<typeof flowSchema>>().toExtend<FlowDocument>();
    expectTypeOf<z.output<typeof runsSchema>>().toExtend<RunsDocument>();
    expectTypeOf<z.output<typeof dryRunSchema>>().toExtend<DryRunDocument>();
    expectTypeOf<z.output<typeof accessSchema>>().toExtend<AccessDocument>();
  });
});

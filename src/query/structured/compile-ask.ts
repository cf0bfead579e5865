/** A question about one dataset, as the SQL that answers it. */
import type { AskOfDataset } from '../../domain/ask/structured-ask.ts';
import { compileAggregate } from './compile-aggregate.ts';
import { compileBars } from './compile-bars.ts';
import { compileExport } from './compile-export.ts';
import { compileParts } from './compile-parts.ts';
import { compileRows } from './compile-rows.ts';
import type { CompiledAsk } from './compiled.ts';
import type { DatasetShape } from './dataset-shape.ts';

/** @throws TierdError QUERY_INVALID, with what there is in place of what was named */
export function compileAsk(shape: DatasetShape, ask: AskOfDataset): CompiledAsk {
  switch (ask.kind) {
    case 'rows':
      return compileRows(shape, ask);
    case 'bars':
      return compileBars(shape, ask);
    case 'aggregate':
      return compileAggregate(shape, ask);
    case 'parts':
      return compileParts(shape, ask);
    case 'export':
      return compileExport(shape, ask);
  }
}

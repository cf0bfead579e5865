/** The limit as psql reaches it: COPY binary of every slice to /dev/null. */
import { compete, selectSlice } from '../contender.ts';
import { runPsql } from '../psql.ts';

await compete((job) => ({
  work: async () => {
    for (const slice of job.slices) {
      const copy = `copy (${selectSlice(job, slice)}) to stdout (format binary)`;
      await runPsql(job.psql, job.url, copy, '/dev/null');
    }
    return { rows: Number.NaN, bytes: Number.NaN };
  },
}));

/** `npm run bench -- <what>`: progress on stderr, one JSON object as the last line of stdout. */
import { parseArgs } from 'node:util';
import { benchArchive } from './archive.ts';
import { benchCare } from './care/measure.ts';
import { benchDaemon } from './daemon/measure.ts';
import { benchDrain } from './drain/measure.ts';
import { benchFace } from './face/measure.ts';
import { benchOpen } from './open/measure.ts';
import { benchParquetjs } from './parquetjs-faults.ts';
import { benchQuery } from './query/measure.ts';
import { benchS3 } from './s3/measure.ts';

const USAGE = `npm run bench -- archive [--rows 5000000] [--rounds 3] [--prices double|numeric] [--quick]
npm run bench -- drain [--rows 1000000] [--rounds 3] [--backlog 5000000] [--quick]
npm run bench -- daemon [--rows 4000000] [--rounds 7] [--seconds 60] [--quick]
npm run bench -- query [--days 1830] [--rows 20000] [--rounds 5] [--quick]    rows are of a day
npm run bench -- open [--rows 1000000] [--rounds 5] [--segments 100000] [--quick]    what an Iceberg table costs each move
npm run bench -- care [--rows 2000000] [--rounds 3] [--segments 100000] [--quick]    segments are adopted
npm run bench -- face [--rows 5000000] [--rounds 3] [--quick]
npm run bench -- s3 [--rows 6200000] [--rounds 3] [--quick]    of a month; the store is $TIERD_BENCH_VERSITYGW
npm run bench -- parquetjs`;

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    rows: { type: 'string' },
    rounds: { type: 'string' },
    backlog: { type: 'string' },
    seconds: { type: 'string' },
    days: { type: 'string' },
    segments: { type: 'string' },
    prices: { type: 'string', default: 'double' },
    quick: { type: 'boolean', default: false },
  },
});

async function run(): Promise<unknown> {
  switch (positionals[0]) {
    case 'archive':
      return benchArchive({
        rows: Number(values.rows ?? (values.quick ? 1_000_000 : 5_000_000)),
        rounds: Number(values.rounds ?? (values.quick ? 1 : 3)),
        priceType: values.prices === 'numeric' ? 'numeric(20,8)' : 'double precision',
        quick: values.quick,
        say: (text) => console.error(text),
      });
    case 'drain':
      return benchDrain({
        rows: Number(values.rows ?? (values.quick ? 200_000 : 1_000_000)),
        rounds: Number(values.rounds ?? (values.quick ? 1 : 3)),
        backlog: Number(values.backlog ?? (values.quick ? 500_000 : 5_000_000)),
        say: (text) => console.error(text),
      });
    case 'daemon':
      return benchDaemon({
        rows: Number(values.rows ?? (values.quick ? 1_000_000 : 4_000_000)),
        starts: Number(values.rounds ?? (values.quick ? 3 : 7)),
        idleSeconds: Number(values.seconds ?? (values.quick ? 20 : 60)),
        say: (text) => console.error(text),
      });
    case 'query':
      return benchQuery({
        coldDays: Number(values.days ?? (values.quick ? 120 : 1830)),
        hotDays: 30,
        rowsADay: Number(values.rows ?? (values.quick ? 4_000 : 20_000)),
        symbols: values.quick ? 100 : 500,
        segments: 100_000,
        quick: values.quick,
        rounds: Number(values.rounds ?? (values.quick ? 3 : 5)),
        say: (text) => console.error(text),
      });
    case 'open':
      return benchOpen({
        rowsADay: Number(values.rows ?? (values.quick ? 200_000 : 1_000_000)),
        rounds: Number(values.rounds ?? (values.quick ? 2 : 5)),
        segments: values.quick
          ? [1_000, 2_000]
          : [1_000, 10_000, Number(values.segments ?? 100_000)],
        monthDays: 30,
        python: process.env['TIERD_TEST_ENGINES'],
        say: (text) => console.error(text),
      });
    case 'care': {
      const adopted = Number(values.segments ?? (values.quick ? 10_000 : 100_000));
      return benchCare({
        rows: Number(values.rows ?? (values.quick ? 500_000 : 2_000_000)),
        segments: values.quick ? 200 : 1000,
        rounds: Number(values.rounds ?? (values.quick ? 1 : 3)),
        adopted: [adopted / 10, adopted],
        say: (text) => console.error(text),
      });
    }
    case 'face':
      return benchFace({
        rows: Number(values.rows ?? (values.quick ? 500_000 : 5_000_000)),
        rounds: Number(values.rounds ?? (values.quick ? 1 : 3)),
        say: (text) => console.error(text),
      });
    case 's3':
      return benchS3({
        rows: Number(values.rows ?? (values.quick ? 1_240_000 : 6_200_000)),
        rounds: Number(values.rounds ?? (values.quick ? 1 : 3)),
        largeRows: values.quick ? 2_000_000 : 10_000_000,
        uploadBytes: (values.quick ? 128 : 512) * 1024 ** 2,
        gateway: process.env['TIERD_BENCH_VERSITYGW'],
        say: (text) => console.error(text),
      });
    case 'parquetjs':
      return benchParquetjs();
    default:
      console.error(USAGE);
      return process.exit(2);
  }
}

console.log(JSON.stringify(await run()));

/** The borders between the rooms of src/. CONTRIBUTING.md has the map. */

/** A rule: files in `room` import, of src/, only `room` itself and what is named. */
const onlyFrom = (room, allowed, comment) => ({
  name: `${room}-borders`,
  comment,
  severity: 'error',
  from: { path: `^src/${room}/` },
  to: { path: '^src/', pathNot: `^src/(${[room, ...allowed].join('|')})/` },
});

const STORES = ['live', 'hot', 'lake', 'ledger'];

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    onlyFrom('domain', [], 'domain is pure: it imports nothing of the rest.'),
    {
      name: 'domain-without-libraries',
      comment: 'domain decides on values alone; a library belongs to the room that acts with it.',
      severity: 'error',
      from: { path: '^src/domain/' },
      to: { dependencyTypesNot: ['local', 'core'] },
    },
    ...STORES.map((room) =>
      onlyFrom(room, ['domain'], 'The stores know the domain, never each other.'),
    ),
    onlyFrom('config', ['domain'], 'Configuration becomes domain values and knows no store.'),
    onlyFrom('catalogue', ['domain'], 'Iceberg metadata is made of values.'),
    onlyFrom('jobs', ['domain', 'catalogue', ...STORES], 'A job is a story over the stores.'),
    onlyFrom('process', ['domain'], 'What is to be known of a process, whatever it runs.'),
    onlyFrom('query', ['domain', 'process', ...STORES], 'A query reads the stores.'),
    onlyFrom('http', ['domain', 'daemon'], 'The server reads a view of the daemon.'),
    onlyFrom('faces', ['domain', 'query'], 'A face puts questions and is handed who answers.'),
    onlyFrom('daemon', ['domain', 'process'], 'The daemon is handed what it works with.'),
    onlyFrom('client', [], 'What programs of others import stands on its own.'),
    onlyFrom('page', [], 'The page runs in a browser and knows the server by its answers.'),
    {
      name: 'page-is-bundled',
      comment: 'The build bundles it for the browser; the program only serves the result.',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/page/' },
      to: { path: '^src/page/' },
    },
    {
      name: 'page-libraries',
      comment: 'What a browser has to load is two small libraries, and nothing of Node.',
      severity: 'error',
      from: { path: '^src/page/' },
      to: { dependencyTypesNot: ['local'], pathNot: '^node_modules/(preact|uplot)/' },
    },
    {
      name: 'jobs-are-commands',
      comment:
        'daemon, http and faces know jobs only as commands: a crash takes a job down, not the daemon.',
      severity: 'error',
      from: { path: '^src/(daemon|http|faces)/' },
      to: { path: '^src/(jobs|cli)/' },
    },
    {
      name: 'cli-is-the-top',
      comment: 'cli wires the rooms; only the programs know it.',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/(cli/|(query-)?main\\.ts$)' },
      to: { path: '^src/(cli/|(query-)?main\\.ts$)' },
    },
    {
      name: 'proof-is-made-by-verification',
      comment: 'What deletes takes a proof, and only the verifier can make one (I1).',
      severity: 'error',
      from: { pathNot: '^src/(domain/plan/proof|lake/segment-verifier)\\.ts$' },
      to: { path: '^src/domain/plan/proof-key\\.ts$' },
    },
    {
      name: 'one-arena',
      comment: 'DuckDB is loaded where its allocator is told how to keep its memory.',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/lake/segment/bindings\\.ts$' },
      to: { path: '^node_modules/@duckdb/node-bindings/' },
    },
    {
      name: 'no-circular',
      comment: 'Two modules that need each other are one, or lack a third.',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'no-orphans',
      comment: 'Nobody imports it and it imports nobody.',
      severity: 'error',
      // The kernel is compiled by itself.
      from: {
        orphan: true,
        path: '^src/',
        pathNot: '^src/(query-)?main\\.ts$|\\.d\\.ts$|^src/domain/fingerprint/kernel/',
      },
      to: {},
    },
    {
      name: 'src-stands-alone',
      comment: 'What is shipped imports no test, bench or script.',
      severity: 'error',
      from: { path: '^src/' },
      to: { path: '^(test|bench|scripts)/' },
    },
    {
      name: 'no-dev-dependencies-in-src',
      comment: 'What is shipped runs without the tools it was made with. Types are erased.',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/page/' },
      to: { dependencyTypes: ['npm-dev'], dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'no-undeclared',
      comment: 'Every package is named in package.json and every file is there.',
      severity: 'error',
      from: {},
      to: { dependencyTypes: ['npm-no-pkg', 'npm-unknown', 'unknown'], couldNotResolve: true },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^(dist|coverage|data_lake)/' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default'],
    },
  },
};

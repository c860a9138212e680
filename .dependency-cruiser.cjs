// The dependency law of the architecture, checked by `npm run check:layers` (scripts/layers.ts). That script gives
// dependency-cruiser the sources with their types stripped; an import of types only reaches these rules as a `require`.
'use strict';

const typeOnly = ['require'];

/** `what` may be imported as a value by these paths only. */
function only(what, where, comment) {
  return {
    name: `only-${what.replace(/[^a-z]+/g, '-').replace(/^-|-$/g, '')}`,
    comment,
    severity: 'error',
    from: { path: '^(src|topologies|schemas)/', pathNot: where },
    to: { path: what.startsWith('node:') ? `^(node:)?${what.slice(5)}$` : `node_modules/${what}/` },
  };
}

module.exports = {
  forbidden: [
    {
      name: 'flow-imports-only-types',
      comment: 'The DSL is data: it takes types from the rest of Aorta, and values from src/errors only.',
      severity: 'error',
      from: { path: '^src/flow/' },
      to: { path: '^src/', pathNot: '^src/(flow|errors)/', dependencyTypesNot: typeOnly },
    },
    {
      name: 'engine-imports-flow-and-ports',
      comment: 'The engine knows the flow, the ports and the clock; which adapter stands behind a port is for src/runtime.',
      severity: 'error',
      from: { path: '^src/engine/' },
      to: {
        path: '^src/',
        // A port and what its adapters share stand at the top of the folder; adapters stand below it.
        pathNot: [
          '^src/(engine|flow|errors|clock)/',
          '^src/(log|schema|state|identity|blob|quarantine|keyed|telemetry)/[^/]+$',
          '/port[.]ts',
        ],
        dependencyTypesNot: typeOnly,
      },
    },
    {
      name: 'engine-types-of-ports-only',
      comment: 'Not even a type of an adapter reaches the engine.',
      severity: 'error',
      from: { path: '^src/engine/' },
      to: { path: '^src/.*/(kafka|sqlite|postgres|confluent|embedded|redis|memory)/' },
    },
    {
      name: 'adapters-import-their-port',
      comment: 'An adapter knows its port and its library; it does not know who uses it.',
      severity: 'error',
      from: {
        path: '^src/(log|schema|state|keyed|identity|blob|quarantine|advice|jobs|model|governance|telemetry|sqlite|postgres|guard|clock|errors)/',
      },
      to: { path: '^src/(engine|ingress|edge|cli|sandbox|runtime|services|testing)/' },
    },
    {
      name: 'protocols-stand-alone',
      comment: 'A protocol can be read, tested and replaced without Aorta: it imports nothing of ours but errors and rules of HTTP.',
      severity: 'error',
      from: { path: '^src/(hl7|fhir|smart|cds|http)/' },
      to: { path: '^src/', pathNot: ['^src/$1/', '^src/(errors|http)/'] },
    },
    {
      name: 'nothing-below-imports-the-top',
      comment: 'ingress, edge, cli, sandbox, runtime and services are the top: only they import each other.',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/(ingress|edge|cli|sandbox|runtime|services|testing|ops)/' },
      to: { path: '^src/(ingress|edge|cli|sandbox|runtime|services)/' },
    },
    {
      name: 'ingress-runs-no-flow',
      comment: 'Ingress ends in one durable append; it never runs business logic.',
      severity: 'error',
      from: { path: '^src/ingress/' },
      to: { path: '^src/(engine|edge|cli|runtime|sandbox)/' },
    },
    {
      name: 'services-stand-alone',
      comment: '`aorta services` must work on a bare machine before anything else does.',
      severity: 'error',
      from: { path: '^src/services/' },
      to: { path: '^(src|node_modules)/', pathNot: '^src/(services|errors)/' },
    },
    {
      name: 'topologies-use-the-public-api',
      comment: "A topology imports 'aorta', 'aorta/hl7', 'aorta/fhir', 'aorta/canonical', rxjs and ../schemas: nothing else.",
      severity: 'error',
      from: { path: '^topologies/' },
      to: { pathNot: ['^(topologies|schemas)/', '^src/((hl7|fhir|canonical)/)?index\\.ts', 'node_modules/rxjs/'] },
    },
    {
      name: 'sources-are-data',
      comment: "A source profile imports 'aorta/hl7' for its types, and nothing else.",
      severity: 'error',
      from: { path: '^sources/' },
      to: { pathNot: ['^sources/', '^src/hl7/index\\.ts'] },
    },
    {
      name: 'cds-services-use-the-public-api',
      comment: "A CDS service imports 'aorta' and 'aorta/fhir': nothing else.",
      severity: 'error',
      from: { path: '^cds-services/' },
      to: { pathNot: ['^cds-services/', '^src/(fhir/)?index\\.ts'] },
    },
    {
      name: 'src-does-not-import-tests',
      comment: 'What tests need is src/testing, which is public.',
      severity: 'error',
      from: { path: '^src/' },
      to: { path: '^(test|benchmarks|scripts|topologies|sources|cds-services)/' },
    },
    only('kafkajs', '^src/log/kafka/', 'Everything else speaks to the Log port.'),
    only('pg', '^src/postgres/', 'Everything else speaks to a port, or to the pool that src/postgres offers.'),
    only('avsc', '^src/schema/', 'Avro bytes are bounded before avsc sees them: that is kept in one place.'),
    only('@kafkajs/confluent-schema-registry', '^src/schema/', 'Everything else speaks to the Registry port.'),
    only('opossum', '^src/guard/', 'Breakers have one home.'),
    only('bottleneck', '^src/guard/', 'Limiters have one home.'),
    only('jose', '^src/smart/', 'Signed tokens are made and verified in one place.'),
    only('undici', '^src/fhir/client/', 'Everything that speaks HTTP to an EHR is bounded in one place.'),
    only('ioredis', '^src/keyed/', 'Everything else speaks to the Keyed port.'),
    only('node:sqlite', '^src/sqlite/', 'One writer thread owns the file.'),
    only('@stricli/core', '^src/cli/', 'The command line has one home.'),
    {
      ...only('rxjs', '^(src/(flow|edge|testing)/|src/engine/observe|topologies/|src/index\\.ts)'),
      comment: 'RxJS is the surface, not the queue: it stands where a flow is written or something is observed.',
      to: { path: 'node_modules/rxjs/', dependencyTypesNot: typeOnly },
    },
    {
      name: 'no-cycles',
      comment: 'Modules that need each other are one module.',
      severity: 'error',
      from: { path: '^(src|topologies)/' },
      to: { circular: true, viaOnly: { dependencyTypesNot: typeOnly } },
    },
    {
      name: 'no-cycles-between-folders',
      comment: 'Types may refer to each other inside one folder; two folders that refer to each other are one.',
      severity: 'error',
      from: { path: '^(src/[^/]+)/' },
      to: { circular: true, via: { pathNot: '^$1/' } },
    },
    {
      name: 'no-development-dependencies',
      comment: 'What src imports must be installed with the product.',
      severity: 'error',
      from: { path: '^(src|topologies)/' },
      to: { dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown'], dependencyTypesNot: typeOnly },
    },
    {
      name: 'everything-resolves',
      comment: 'An import that names no file.',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    parser: 'acorn',
    moduleSystems: ['es6', 'cjs'],
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'node', 'default'], extensions: ['.js', '.json'] },
  },
};

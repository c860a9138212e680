import assert from 'node:assert/strict';
import { test } from 'node:test';
import { problemsOf } from '../../src/runtime/config.ts';

const client = { id: 'c', key: 'secret:ehr-key', scopes: ['system/Patient.rs', 'system/Condition.read'] };
const ehr = (more: object = {}) => ({
  ehrs: {
    main: {
      fhirBase: 'https://ehr.example/fhir',
      clients: { cds: client },
      cdsClient: { issuer: 'https://ehr.example', jku: 'https://ehr.example/jwks' },
      ...more,
    },
  },
});
const said = (config: object) => problemsOf(config).join('\n');

test('an EHR with its clients is taken', () => {
  assert.deepEqual(problemsOf(ehr()), []);
  assert.deepEqual(problemsOf(ehr({ tls: { cert: 'secret:cert', key: 'secret:key', ca: 'secret:ca' } })), []);
  assert.deepEqual(problemsOf(ehr({ cdsClient: { issuer: 'x', keys: [{ kty: 'EC' }], tenants: ['t'] } })), []);
});

test('wildcard scopes are refused when the configuration loads, by name', () => {
  for (const scope of ['system/*.read', 'system/*.rs', 'system/*.cruds', 'system/Patient.*']) {
    assert.match(said(ehr({ clients: { cds: { ...client, scopes: [scope] } } })), /AORTA_SMART_002/, scope);
  }
  for (const scope of ['user/Patient.read', 'openid', 7])
    assert.match(said(ehr({ clients: { cds: { ...client, scopes: [scope] } } })), /AORTA_SMART_001/);
});

test('[SMART 229] a key is named by its secret, never written down, and what was written is not repeated', () => {
  const text = said(ehr({ clients: { cds: { ...client, key: '-----BEGIN PRIVATE KEY----- MIIE' } } }));
  assert.match(text, /clients\.cds\.key: expected secret:<name>/);
  assert.doesNotMatch(text, /MIIE/);
});

test('[SMART 301] addresses of FHIR servers and key sets are https, but on loopback', () => {
  for (const wrong of ['http://ehr.example/fhir', 'ehr', 'https://user:pass@ehr.example', undefined]) {
    assert.match(said(ehr({ fhirBase: wrong })), /AORTA_SMART_011/);
    assert.match(said(ehr({ clients: { cds: { ...client, jku: wrong ?? 'x' } } })), /AORTA_SMART_011/);
    assert.match(said(ehr({ cdsClient: { issuer: 'x', jku: wrong ?? 'x' } })), /AORTA_SMART_011/);
  }
  assert.deepEqual(problemsOf(ehr({ fhirBase: 'http://127.0.0.1:4101/fhir' })), []);
});

test('[CDS 2, 168] the public URL of CDS services is https, but on loopback', () => {
  assert.deepEqual(
    problemsOf({
      cds: {
        publicUrl: 'https://cds.example',
        corsOrigins: ['https://ehr.example'],
        linkBases: ['https://app.example/launch'],
        quota: { perSecond: 5 },
        budgetMs: 4_000,
        keepDays: 90,
      },
    }),
    [],
  );
  assert.match(said({ cds: { publicUrl: 'http://cds.example' } }), /AORTA_SMART_011/);
  for (const base of ['http://app.example', 'javascript:alert(1)', 7])
    assert.match(said({ cds: { linkBases: [base] } }), /linkBases\[0\].*AORTA_SMART_011/);
  assert.match(said({ cds: { linkBases: 'https://app.example' } }), /linkBases: expected/);
});

test('mutual TLS that is written down in another way is no reason to go without', () => {
  for (const tls of ['secret:cert', ['secret:cert'], 7, null]) assert.match(said(ehr({ tls })), /main\.tls: expected/);
  for (const tls of [{ cert: 'secret:cert' }, { key: 'secret:key' }]) assert.match(said(ehr({ tls })), /cert and key go together/);
  assert.deepEqual(problemsOf(ehr({ tls: { ca: 'secret:ca' } })), []);
});

test('an issuer belongs to one EHR, and none is called as those without a token are', () => {
  const { main } = ehr().ehrs;
  assert.match(said({ ehrs: { main, other: main } }), /two EHRs have the same/);
  assert.deepEqual(
    problemsOf({ ehrs: { main, other: { ...main, cdsClient: { ...main.cdsClient, issuer: 'https://other.example' } } } }),
    [],
  );
  assert.match(said({ ehrs: { local: main } }), /local is no name/);
});

test('a quota lets at least one request through at once', () => {
  for (const quota of [{ burst: 0.5 }, { inFlight: 1.5 }]) assert.match(said({ cds: { quota } }), /quota/);
  assert.deepEqual(problemsOf({ cds: { quota: { perSecond: 0.5, burst: 1, inFlight: 1 } } }), []);
});

test('every mistake is named at once, with its place', () => {
  const text = said({
    ehrs: {
      Main: {},
      main: { fhirBase: 'x', clients: { cds: { key: 1 } }, cdsClient: { issuer: '' }, tls: { pem: 'secret:x' }, more: 1 },
      other: 7,
    },
    cds: { corsOrigins: ['https://ehr.example/path'], quota: { perSecond: 0 }, budgetMs: 60_000, keepDays: -1, more: 1 },
  });
  for (const place of [
    'Main is no name',
    'main.more',
    'main.fhirBase',
    'cds.id',
    'cds.key',
    'cds.scopes',
    'cdsClient.issuer',
    'either jku or keys',
    'tls.pem',
    'other: expected',
    'corsOrigins',
    'quota',
    'keepDays',
    'budgetMs',
    'more is not known',
  ])
    assert.ok(text.includes(place), place);
});

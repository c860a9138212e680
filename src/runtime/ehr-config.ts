import { AortaError } from '../errors/index.ts';
import { backendScope, secure } from '../smart/index.ts';

/** One of our components as it is registered at an EHR (SMART Backend Services). */
export interface EhrClientConfig {
  /** Client id, as the EHR gave it. */
  readonly id: string;
  /** `secret:<name>` of the private key: JWK, JWK Set or PKCS#8 PEM. */
  readonly key: string;
  /** Scopes that are registered, v1 or v2 syntax. `aorta check` compares them with what is read and written. */
  readonly scopes: readonly string[];
  /** Our JWK Set URL, when keys were registered by address. */
  readonly jku?: string;
}

export interface EhrConfig {
  /** FHIR base URL. */
  readonly fhirBase: string;
  /** One identity for each component: `cds`, `drafts`, `assist`. */
  readonly clients?: Readonly<Record<string, EhrClientConfig>>;
  /** Its CDS Hooks client: the issuer of its tokens, and where its public keys are. */
  readonly cdsClient?: {
    readonly issuer: string;
    readonly jku?: string;
    readonly keys?: readonly object[];
    readonly tenants?: readonly string[];
  };
  /** Quota over all workers that share a Redis; else of each worker. @default none */
  readonly requestsPerSecond?: number;
  /** `secret:` references to PEM: mutual TLS. */
  readonly tls?: { readonly cert?: string; readonly key?: string; readonly ca?: string };
}

export interface CdsConfig {
  /** Base URL that CDS clients know: `https://cds.hospital.example`. Needed before anyone else than loopback may call. */
  readonly publicUrl?: string;
  readonly corsOrigins?: readonly string[];
  /** Addresses below which cards may link, SMART apps among them; Aorta's own always. @default none */
  readonly linkBases?: readonly string[];
  readonly quota?: { readonly perSecond?: number; readonly burst?: number; readonly inFlight?: number };
  /** Milliseconds until an answer is due. @default 4500 */
  readonly budgetMs?: number;
  /** Days that answers of CDS services and assist are kept with what they rest on, and clinicians' feedback. @default 365 */
  readonly keepDays?: number;
}

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value);
const name = /^[a-z0-9][a-z0-9-]{0,39}$/;
/** What a caller without a token is called on loopback. */
const unnamed = 'local';
const secret = /^secret:[a-z0-9][a-z0-9._-]{0,126}$/;

/** Joined by commas; undefined when there are none. */
const joined = (problems: readonly string[]): string | undefined => (problems.length === 0 ? undefined : problems.join('; '));

/** Every problem of `ehrs`; wildcard scopes are refused here, before anything asks for them. */
export function ehrsProblem(value: unknown): string | undefined {
  if (!isRecord(value)) return 'expected EHRs by name';
  const issuers = Object.values(value).flatMap((ehr) => (isRecord(ehr) && isRecord(ehr['cdsClient']) ? [ehr['cdsClient']['issuer']] : []));
  return joined([
    ...Object.entries(value).flatMap(([id, ehr]) =>
      name.test(id) && id !== unnamed ? problemsOfEhr(id, ehr) : [`${id} is no name (lower-case letters, digits, dashes)`],
    ),
    // A call is about the EHR of its issuer: with two of them it would be answered with another EHR's patients.
    ...(new Set(issuers).size === issuers.length ? [] : ['cdsClient.issuer: two EHRs have the same']),
  ]);
}

function problemsOfEhr(id: string, value: unknown): readonly string[] {
  if (!isRecord(value)) return [`${id}: expected an object`];
  const { fhirBase, clients = {}, cdsClient, requestsPerSecond, tls = {}, ...rest } = value;
  return [
    ...Object.keys(rest).map((key) => `${id}.${key} is not known`),
    ...overTls(`${id}.fhirBase`, fhirBase),
    ...(isRecord(clients)
      ? Object.entries(clients).flatMap(([component, client]) => problemsOfClient(`${id}.clients.${component}`, client))
      : [`${id}.clients: expected clients by component`]),
    ...(cdsClient === undefined ? [] : problemsOfCdsClient(`${id}.cdsClient`, cdsClient)),
    ...(requestsPerSecond === undefined || (typeof requestsPerSecond === 'number' && requestsPerSecond >= 1)
      ? []
      : [`${id}.requestsPerSecond: expected a number from 1 on`]),
    ...(isRecord(tls) ? [] : [`${id}.tls: expected cert, key and ca`]),
    // With one of them alone the connection would go without our certificate.
    ...(isRecord(tls) && (tls['cert'] === undefined) !== (tls['key'] === undefined) ? [`${id}.tls: cert and key go together`] : []),
    ...Object.entries(isRecord(tls) ? tls : {}).flatMap(([key, reference]) =>
      ['cert', 'key', 'ca'].includes(key) && typeof reference === 'string' && secret.test(reference)
        ? []
        : [`${id}.tls.${key}: expected cert, key or ca as secret:<name>`],
    ),
  ];
}

function problemsOfClient(at: string, value: unknown): readonly string[] {
  if (!isRecord(value)) return [`${at}: expected an object`];
  const { id, key, scopes, jku, ...rest } = value;
  return [
    ...Object.keys(rest).map((each) => `${at}.${each} is not known`),
    ...(typeof id === 'string' && id !== '' ? [] : [`${at}.id: expected the client id`]),
    // Not repeated: someone may have written the key itself.
    ...(typeof key === 'string' && secret.test(key) ? [] : [`${at}.key: expected secret:<name>`]),
    ...(Array.isArray(scopes) && scopes.length > 0
      ? scopes.flatMap((scope) => problemOf(`${at}.scopes`, () => backendScope(String(scope))))
      : [`${at}.scopes: expected the registered scopes`]),
    ...(jku === undefined ? [] : overTls(`${at}.jku`, jku)),
  ];
}

function problemsOfCdsClient(at: string, value: unknown): readonly string[] {
  if (!isRecord(value)) return [`${at}: expected an object`];
  const { issuer, jku, keys, tenants, ...rest } = value;
  return [
    ...Object.keys(rest).map((each) => `${at}.${each} is not known`),
    ...(typeof issuer === 'string' && issuer !== '' ? [] : [`${at}.issuer: expected the iss of its tokens`]),
    ...((jku === undefined) === (keys === undefined) ? [`${at}: expected either jku or keys`] : []),
    ...(jku === undefined ? [] : overTls(`${at}.jku`, jku)),
    ...(keys === undefined || Array.isArray(keys) ? [] : [`${at}.keys: expected public JWKs`]),
    ...(tenants === undefined || (Array.isArray(tenants) && tenants.every((each) => typeof each === 'string'))
      ? []
      : [`${at}.tenants: expected texts`]),
  ];
}

function problemOf(at: string, check: () => unknown): readonly string[] {
  try {
    check();
    return [];
  } catch (thrown) {
    return [`${at}: ${thrown instanceof AortaError ? thrown.message : 'not valid'}`];
  }
}

const overTls = (at: string, url: unknown): readonly string[] => problemOf(at, () => secure(String(url), 'this address'));

export function cdsProblem(value: unknown): string | undefined {
  if (!isRecord(value)) return 'expected an object';
  const { publicUrl, corsOrigins, linkBases, quota, budgetMs, keepDays, ...rest } = value;
  const number = (each: unknown) => typeof each === 'number' && Number.isFinite(each) && each > 0;
  const whole = (each: unknown) => Number.isInteger(each) && Number(each) > 0;
  const fine =
    isRecord(quota) &&
    Object.entries(quota).every(([key, each]) => (key === 'perSecond' ? number(each) : ['burst', 'inFlight'].includes(key) && whole(each)));
  return joined([
    ...Object.keys(rest).map((each) => `${each} is not known`),
    ...(publicUrl === undefined ? [] : overTls('publicUrl', publicUrl)),
    ...(corsOrigins === undefined || (Array.isArray(corsOrigins) && corsOrigins.every((each) => URL.parse(String(each))?.origin === each))
      ? []
      : ['corsOrigins: expected origins like https://ehr.example']),
    ...(linkBases === undefined
      ? []
      : Array.isArray(linkBases)
        ? linkBases.flatMap((each, at) => overTls(`linkBases[${at}]`, each))
        : ['linkBases: expected addresses']),
    ...(quota === undefined || fine ? [] : ['quota: expected perSecond, burst and inFlight above 0, the last two whole numbers']),
    ...(budgetMs === undefined || (number(budgetMs) && Number(budgetMs) <= 10_000) ? [] : ['budgetMs: expected 1 to 10000']),
    ...(keepDays === undefined || (number(keepDays) && Number(keepDays) <= 36_500) ? [] : ['keepDays: expected days, more than 0']),
  ]);
}

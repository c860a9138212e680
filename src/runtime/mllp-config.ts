import { defaultLimits, type MllpLimits } from '../ingress/index.ts';

/** `mllp` of `aorta.config.ts`: how HL7 v2 messages come in. */
export interface MllpConfig {
  readonly tls?: MllpTlsConfig;
  /**
   * Where MLLP without TLS may listen. On another address than loopback everybody on the way reads the messages and
   * everybody who reaches it can send some: only where the network is protected otherwise. @default 'loopback'
   */
  readonly plaintext?: 'loopback' | 'anywhere';
  /** A batch (FHS, BHS) is answered by one batch of acknowledgements, or by a frame for each. @default 'batch' */
  readonly batchAnswers?: 'batch' | 'each';
  readonly limits?: Partial<MllpLimits>;
  /**
   * Minutes after which a sender's silence is reported: `{ 'ADT|HOSP': 30, '*': 240 }`. The sender is MSH-3|MSH-4; `*` is
   * every other one since it was first heard.
   */
  readonly silentAfterMinutes?: Readonly<Record<string, number>>;
}

export interface MllpTlsConfig {
  /** PEM with its chain: a file, or `secret:<name>`. Looked at again every minute. */
  readonly certificate: string;
  /** PEM of the private key: `secret:<name>`. */
  readonly key: string;
  /** PEM of the CAs of the senders: a file, or `secret:<name>`. With it every sender needs a certificate (mutual TLS). */
  readonly clientCa?: string;
  /** Common names of certificates that may send. @default all of clientCa */
  readonly subjects?: readonly string[];
  /** @default 'TLSv1.2' */
  readonly minVersion?: 'TLSv1.2' | 'TLSv1.3';
  /** A port beside the plain one. @default TLS takes the place of plaintext */
  readonly port?: number;
  /** Address of that port. @default the one of plaintext */
  readonly host?: string;
}

type Rule = (value: unknown) => string | undefined;
const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value);
const text: Rule = (value) => (typeof value === 'string' && value !== '' ? undefined : 'expected a text');
const oneOf =
  (...known: readonly string[]): Rule =>
  (value) =>
    known.includes(String(value)) ? undefined : `expected ${known.join(' or ')}`;
// Not repeated in the problem: someone may have given the secret itself.
const secret: Rule = (value) =>
  typeof value === 'string' && /^secret:[a-z0-9][a-z0-9._-]*$/.test(value)
    ? undefined
    : 'expected secret:<name>; the value itself never stands in configuration';

/** All problems of an object, each with its key. */
function problems(value: unknown, rules: Readonly<Record<string, Rule>>, required: readonly string[] = []): string | undefined {
  if (!isRecord(value)) return 'expected an object';
  const found = required.filter((key) => value[key] === undefined).map((key) => `${key} is missing`);
  for (const [key, each] of Object.entries(value)) {
    const rule = rules[key];
    const problem = rule ? rule(each) : `not known (known: ${Object.keys(rules).join(', ')})`;
    if (problem !== undefined && each !== undefined) found.push(`${key}: ${problem}`);
  }
  return found.length === 0 ? undefined : found.join(', ');
}

const positive: Rule = (value) => (typeof value === 'number' && value > 0 ? undefined : 'expected a number above 0');

const tls: Rule = (value) => {
  const problem = problems(
    value,
    {
      certificate: text,
      key: secret,
      clientCa: text,
      subjects: (names) =>
        Array.isArray(names) && names.length > 0 && names.every((name) => typeof name === 'string') ? undefined : 'expected names',
      minVersion: oneOf('TLSv1.2', 'TLSv1.3'),
      port: (port) => (Number.isInteger(port) && Number(port) >= 0 && Number(port) < 65_536 ? undefined : 'expected a port'),
      host: text,
    },
    ['certificate', 'key'],
  );
  if (problem !== undefined || !isRecord(value)) return problem;
  if (value['subjects'] !== undefined && value['clientCa'] === undefined)
    return 'subjects without clientCa: nobody would have to show a name';
  return value['host'] !== undefined && value['port'] === undefined
    ? 'host without port: TLS would take the place of plaintext'
    : undefined;
};

/** What is wrong with `mllp` of a configuration; undefined: nothing. */
export const mllpProblem: Rule = (value) =>
  problems(value, {
    tls,
    plaintext: oneOf('loopback', 'anywhere'),
    batchAnswers: oneOf('batch', 'each'),
    limits: (limits) => problems(limits, Object.fromEntries(Object.keys(defaultLimits).map((name) => [name, positive]))),
    silentAfterMinutes: (minutes) =>
      isRecord(minutes) && Object.values(minutes).every((each) => positive(each) === undefined)
        ? undefined
        : "expected senders (MSH-3|MSH-4, or '*') with minutes each",
  });

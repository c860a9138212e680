/** SMART 2.2: backend services as a client, and what verifies signed JWTs. `jose` is imported here only. */
export { type AssertionOptions, assertion, assertionType } from './assertion.ts';
export { type AccessToken, type Backend, type BackendOptions, createBackend } from './backend.ts';
export { discover, type SmartConfiguration } from './discovery.ts';
export { type Algorithm, algorithms, type Claims, decode, type Jwk, type JwtHeader, makeKey, publicJwk, sign } from './jwt.ts';
export { createKeySets, type KeyOrigin, type KeySets } from './key-sets.ts';
export { type KeySource, keysFromSecret, parseKeys, publicKeySet, type SigningKey } from './keys.ts';
export type { Http, HttpRequest, HttpResponse } from './ports.ts';
export { memoryReplay, type Replay } from './replay.ts';
export {
  type Access,
  backendScope,
  format,
  missingScopes,
  neededScopes,
  parseScope,
  type Scope,
  surplusScopes,
  usableScopes,
} from './scope.ts';
export { secure } from './secure.ts';

/** FHIR R4 REST client and the context builder. `undici` is imported in this folder only. */
export { type Bundle, type Call, createFhirClient, type FhirClient, type FhirClientOptions, type Found, type Tokens } from './client.ts';
export {
  type Gathered,
  type GatherOptions,
  gather,
  type Provenance,
  type ReadRecord,
  type ReadResult,
  type ReadStatus,
} from './context.ts';
export type { Guard } from './guard.ts';
export { createHttp, type HttpClient, type HttpOptions, type HttpRequest, type HttpResponse } from './http.ts';
export { isOf, type Prefetched, prefetched } from './prefetch.ts';
export { clinicalReads, contextEncounter, isInstance, type Read, typeOfTemplate, vitalSigns } from './reads.ts';
export { dated, fill } from './template.ts';

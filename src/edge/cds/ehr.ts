import type { FhirClient } from '../../fhir/client/index.ts';

/** An EHR as the edge uses it; src/runtime/ehr.ts makes it of the configuration. */
export interface EhrAccess {
  /** Its name in the configuration. */
  readonly id: string;
  readonly fhirBase: string;
  /** A client that acts with a token that the EHR gave for one call. */
  withToken(token: string): FhirClient;
  /**
   * A client that acts as one of our components, with its own identity and the scopes that its reads need. Undefined:
   * this component is not registered there.
   */
  as(component: string): FhirClient | undefined;
}

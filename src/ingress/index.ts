/** Entry points. Each ends in one durable append (admission.ts); only then is the sender acknowledged. */
export {
  type Admission,
  type AdmissionLimits,
  type AdmissionOptions,
  type AdmissionRequest,
  type Admitted,
  createAdmission,
  type Unmerge,
  type Unmerged,
} from './admission.ts';
export { defaultLimits, type MllpLimits } from './mllp/limits.ts';
export { type MllpListener, type MllpOptions, startMllp } from './mllp/listener.ts';
export { type OruRouteOptions, oruRoute } from './mllp/oru.ts';
export type { Resubmitted } from './mllp/resubmit.ts';
export type { Accepted, Route } from './mllp/route.ts';
export { judgeSample, type SampleVerdict } from './mllp/sample.ts';
export { createSenders, type Senders, type SendersOptions } from './mllp/senders.ts';
export type { MllpTls } from './mllp/tls.ts';
export type { TlsMaterial } from './mllp/tls-material.ts';

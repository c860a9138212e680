import type { ErrorSpec } from '../error.ts';

export const schemaErrors = {
  AORTA_SCHEMA_001: {
    class: 'Decode',
    message: 'The payload is not valid for schema {schemaId}: {problem}.',
    remedy: 'See the quarantined record; the producer wrote bytes that do not follow its schema.',
  },
  AORTA_SCHEMA_002: {
    class: 'Permanent',
    message: 'Schema {file} is not valid: {problem}.',
    remedy: 'Correct the .avsc; see the Avro 1.11 specification, Schema Declaration.',
  },
  AORTA_SCHEMA_003: {
    class: 'Permanent',
    message: 'Generated types are stale: {files}.',
    remedy: 'Run `aorta schema gen` and commit the result.',
  },
  AORTA_SCHEMA_004: {
    class: 'Decode',
    message: 'Not in the registry wire format: {problem}.',
    remedy: 'The producer must write 0x00, a 4-byte schema id and Avro binary; look at the quarantined record.',
  },
  AORTA_SCHEMA_005: {
    class: 'Decode',
    message: 'The registry does not know schema {schemaId}.',
    remedy: 'Check that producer and consumer use the same registry; register the schema, then redrive.',
  },
  AORTA_SCHEMA_006: {
    class: 'Transient',
    message: 'The schema registry did not answer: {problem}.',
    remedy: 'Check SCHEMA_REGISTRY_URL. Known schemas work meanwhile; what needs the registry waits.',
  },
  AORTA_SCHEMA_007: {
    class: 'Permanent',
    message: 'The schema is not backward compatible with subject {subject}: {problems}.',
    remedy: 'Give the named field a default, or make it optional; a real break needs a new topic.',
  },
  AORTA_SCHEMA_008: {
    class: 'Defect',
    message: 'A value does not fit its schema (subject {subject}): {problem}.',
    remedy: 'The flow made a value that its topic cannot carry: correct the operator before the named node.',
  },
  AORTA_SCHEMA_009: {
    class: 'Decode',
    message: 'Schema {schemaId} of the producer cannot be read as subject {subject}: {problem}.',
    remedy: 'The schemas are incompatible: deploy a reader with defaults for what is missing, then redrive.',
  },
  AORTA_SCHEMA_010: {
    class: 'Permanent',
    message: 'The registry refused {operation}: {problem}.',
    remedy: 'Check the registry, its credentials and the subject; its own log tells more.',
  },
  AORTA_SCHEMA_011: {
    class: 'Defect',
    message: 'The installed avsc is not the one this codec was built on: {problem}.',
    remedy: 'Install avsc 5.7.9 exactly; the codec uses internals of it.',
  },
} as const satisfies Record<string, ErrorSpec>;

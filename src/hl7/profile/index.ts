/** Source profiles: how each sender's messages are read. */
export type {
  Condition,
  EventRule,
  Expectation,
  ExtensionRule,
  ExtensionType,
  FieldRule,
  Sample,
  SourceProfile,
} from './definition.ts';
export { defineSourceProfile } from './definition.ts';
export type { ExtensionValue } from './extensions.ts';
export { type Interpretation, interpret } from './interpret.ts';
export { createSources, noSources, problemsOfSources, type Source, type Sources, type SourceVersions } from './sources.ts';

/** Texts about one patient: context of the canonical store and the EHR, masked, written by a model, with its sources. */
export { type Composition, compose } from './compose.ts';
export { createMask, type Mask } from './mask.ts';
export { Output } from './output.ts';
export { assistPrompt, draftPrompt } from './prompts.ts';
export { contextReads, ownRecordKey, type Retrieved, retrieve } from './retrieve.ts';

import { type Actor, type Effect, effect } from 'aorta';
import { fhirIdentifier, identifierKeys } from 'aorta/canonical';
import { type MappingContext, patientFrom } from 'aorta/fhir';
import type { Change } from './actor.ts';
import type { StoredMessage } from './attachments.ts';
import { shiftFrom } from './members.ts';
import type { ResultsState } from './state.ts';

const writing = (effects: readonly Effect[]) => ({ emit: effects.length > 0 ? [{ effects, event: null }] : [] });

/**
 * Patients become one, and two again (HL7 A40): members.ts. Who was merged into whom is written by `adt-admissions`; here
 * only the numbers of a placeholder Patient lead elsewhere.
 */
export function merging(
  mapping: MappingContext,
): Required<Pick<Actor<ResultsState, StoredMessage, Change>, 'merge' | 'mergedInto' | 'unmerge' | 'restored'>> {
  const numbers = (id: string, state: ResultsState) =>
    state.placeholders.includes('')
      ? identifierKeys(patientFrom(id, { 'PID-3': state.numbers }, mapping).identifier).map(([system, value]) => ({
          ...{ type: 'Patient', system, value, id },
        }))
      : [];
  return {
    merge: (state, merged, ctx) => ({
      state: { ...state, merged: { ...state.merged, [ctx.peer]: { ...merged, shift: shiftFrom(merged, ctx.source.offset) } } },
    }),
    mergedInto: (state, ctx) => writing(numbers(ctx.key, state).map((row) => effect.remove(fhirIdentifier, row))),
    unmerge(state, merged, ctx) {
      const { [ctx.peer]: member, ...others } = state.merged;
      return { state: { ...state, merged: others }, restored: member ?? merged };
    },
    restored: (state, ctx) => ({
      state: { ...state, shift: shiftFrom(state, ctx.source.offset) },
      ...writing(numbers(ctx.key, state).map((row) => effect.insert(fhirIdentifier, row))),
    }),
  };
}

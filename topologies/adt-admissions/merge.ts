import type { Actor, Effect } from 'aorta';
import { linkPatients, unlinkPatients } from 'aorta/canonical';
import type { MappingContext } from 'aorta/fhir';
import type { Change } from './actor.ts';
import { shiftFrom, unretire } from './members.ts';
import { Revision } from './revision.ts';
import type { PatientState } from './state.ts';
import type { Step } from './steps.ts';

/** Effects without an event: who was merged into whom is told by the A40's own record. */
const writing = (effects: readonly Effect[]) => ({ emit: effects.length > 0 ? [{ effects, event: null }] : [] });

/**
 * Patients become one, and two again (HL7 A40). B, merged into A, stays in the store as it is, inactive and linked; its
 * visits go on under its id, now in the hands of A's actor (members.ts). Reads by either id show both.
 */
export const merging = (
  mapping: MappingContext,
): Required<Pick<Actor<PatientState, Step, Change>, 'merge' | 'mergedInto' | 'unmerge' | 'restored'>> => {
  const systems = mapping.systems ?? {};
  return {
    merge(state, merged, ctx) {
      // `mergedInto` has written B's Patient once more than the state that was sent with it knows.
      const patient = merged.patient && { ...merged.patient, version: merged.patient.version + 1, digest: '', identifiers: [] };
      const theirs = { ...merged, patient, shift: shiftFrom(merged, ctx.source.offset) };
      const member = { state: theirs, since: { demographics: {}, contacts: null } };
      const turn = new Revision({ ...state, merged: { ...state.merged, [ctx.peer]: member } }, mapping, ctx);
      turn.patient();
      return { state: turn.state, ...writing(turn.effects) };
    },

    mergedInto(state, ctx) {
      const turn = new Revision(state, mapping, ctx);
      if (state.patient) turn.replacedBy(ctx.peer);
      return writing([...turn.effects, linkPatients(ctx.key, ctx.peer)]);
    },

    unmerge(state, merged, ctx) {
      const { [ctx.peer]: member, ...others } = state.merged;
      const restored = member?.state ?? merged;
      const turn = new Revision(unretire({ ...state, merged: others }, restored, systems), mapping, ctx);
      turn.patient();
      return { state: turn.state, restored, ...writing(turn.effects) };
    },

    restored(state, ctx) {
      const turn = new Revision({ ...state, shift: shiftFrom(state, ctx.source.offset) }, mapping, ctx);
      if (state.patient || Object.keys(state.demographics).length > 0) turn.patient();
      return { state: turn.state, ...writing([...turn.effects, unlinkPatients(ctx.key)]) };
    },
  };
};

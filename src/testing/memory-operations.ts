import type { Brake, Landmark, Operations, RedriveNote } from '../state/operations.ts';

type Noted = RedriveNote & { readonly seq: number; sent: boolean };

/** What operators decided, in memory. */
export function memoryOperations(): Operations {
  const brakes = new Map<string, Brake>();
  const notes: Noted[] = [];
  const landmarks = new Map<string, Landmark>();
  const placeOf = ({ flow, topic, partition }: Pick<Landmark, 'flow' | 'topic' | 'partition'>) => `${flow}/${topic}/${partition}`;
  return {
    brake: async (flow) => brakes.get(flow),
    brakes: async () => [...brakes.values()],
    async putBrake(brake) {
      if (!brakes.has(brake.flow)) brakes.set(brake.flow, brake);
    },
    releaseBrake: async (flow) => brakes.delete(flow),
    async noteRedrives(fresh) {
      const ids: string[] = [];
      for (const note of fresh) {
        const taken = notes.some(
          ({ id, flow, letter }) => id === note.id || (letter !== null && flow === note.flow && letter === note.letter),
        );
        if (taken) continue;
        const last = notes.reduce((max, { flow, seq }) => (flow === note.flow ? Math.max(max, seq) : max), 0);
        notes.push({
          ...note,
          seq: note.letter === null ? 0 : Math.max(last, note.at) + 1,
          sent: note.letter === null || note.action === 'discard',
        });
        ids.push(note.id);
      }
      return ids;
    },
    unsentRedrives: async (flow, limit) =>
      notes
        .filter((note) => note.flow === flow && !note.sent)
        .slice(0, limit)
        .map(({ id, letter, seq }) => ({ id, letter: letter ?? '', seq })),
    async redrivesSent(ids) {
      for (const note of notes) if (ids.includes(note.id)) note.sent = true;
    },
    takenLetters: async (flow) =>
      new Map(
        notes.flatMap((note) => (note.flow === flow && note.letter !== null ? [[note.letter, { action: note.action, at: note.at }]] : [])),
      ),
    async redrivesSince(flow, eventIds, since) {
      const counts = new Map<string, number>();
      for (const note of notes) {
        if (note.flow !== flow || note.at < since || note.action === 'discard' || !eventIds.includes(note.eventId)) continue;
        counts.set(note.eventId, (counts.get(note.eventId) ?? 0) + 1);
      }
      return counts;
    },
    async putLandmarks(fresh) {
      for (const landmark of fresh) {
        if ((landmarks.get(placeOf(landmark))?.position ?? 0) <= landmark.position) landmarks.set(placeOf(landmark), landmark);
      }
    },
    landmark: async (of) => landmarks.get(placeOf(of)),
    async pruneRedrives(before) {
      const left = notes.filter(({ at, sent }) => at >= before || !sent);
      const gone = notes.length - left.length;
      notes.splice(0, notes.length, ...left);
      return gone;
    },
  };
}

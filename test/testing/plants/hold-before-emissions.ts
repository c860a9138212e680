import type { Plant } from './plant.ts';

export default {
  name: 'hold-before-emissions',
  breaks: "A hold of a flow without state is written before what its patient's earlier turns emitted is in the log.",
  oracle: ['PerPatientOrder', 'EmissionsMatch'],
  file: 'engine/lane.ts',
  find: '    if (this.program.stateful || this.outbox.pending === 0) return this.host.commit(turn);',
  replace: '    if (this.owned) return this.host.commit(turn);',
  target: 'busy-stateless',
  seed: 16,
} satisfies Plant;

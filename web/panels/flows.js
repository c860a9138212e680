import { call } from '../api.js';
import { h, say, sync } from '../dom.js';
import { number } from '../time.js';
import { drawFlow } from './flow-graph.js';

/** One card a running flow: what it promises, its counts, its graph. */
export function showFlows(root) {
  const cards = new Map();
  root.append(h('p', { class: 'empty' }, 'The flows are starting.'));

  const make = ({ name }) => {
    const guarantee = h('span', { class: 'chip quiet' });
    const hash = h('code', { class: 'muted' });
    const counts = h('p', { class: 'counts muted' });
    const graph = h('div', { class: 'graph', tabindex: '0', role: 'region', 'aria-label': `Graph of ${name}` });
    const card = { node: undefined, counts, graph: undefined };
    card.node = h('article', { class: 'card flow' }, h('div', { class: 'heading' }, h('h3', {}, name), guarantee, hash, counts), graph);
    cards.set(name, card);
    const load = () =>
      call(`/api/ops/flows/${encodeURIComponent(name)}/graph`)
        .then((answer) => {
          say(guarantee, answer.description.guarantee ?? 'no effects');
          say(hash, `graph ${answer.hash.slice(0, 8)}`);
          hash.title = answer.hash;
          card.graph = drawFlow(graph, answer);
          if (card.flow) card.graph.show(card.flow);
        })
        .catch(() => setTimeout(load, 2000));
    load();
    return card.node;
  };

  return {
    show({ flows }) {
      if (flows.length === 0) return;
      const update = (_node, flow) => {
        const card = cards.get(flow.name);
        card.flow = flow;
        const { totals } = flow;
        const parts = [
          `${number(totals.received)} received`,
          `${number(totals.done)} applied`,
          `${number(totals.emitted)} emitted`,
          totals.errors > 0 && `${number(totals.errors)} failed tries`,
          `${flow.partitions} partitions`,
        ];
        say(card.counts, parts.filter(Boolean).join(' · '));
        card.graph?.show(flow);
      };
      sync(root, flows, { key: (flow) => flow.name, make, update });
    },
    tick() {
      for (const card of cards.values()) card.graph?.tick();
    },
  };
}

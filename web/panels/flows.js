import { call } from '../api.js';
import { h, say, sync } from '../dom.js';
import { Rate } from '../rate.js';
import { number } from '../time.js';
import { drawFlow } from './flow-graph.js';

/** One card a running flow: what it promises, its counts, and its graph when it is unfolded. The first one is. */
export function showFlows(root) {
  const cards = new Map();
  root.append(h('p', { class: 'empty' }, 'The flows are starting.'));

  const make = ({ name }) => {
    const card = new FlowCard(name, chosen(name) ?? cards.size === 0);
    cards.set(name, card);
    return card.node;
  };
  return {
    show({ flows }) {
      if (flows.length === 0) return;
      sync(root, flows, { key: (flow) => flow.name, make, update: (_node, flow) => cards.get(flow.name).show(flow) });
    },
    tick() {
      for (const card of cards.values()) card.tick();
    },
  };
}

class FlowCard {
  #name;
  #flow;
  #answer;
  #drawn;
  #rate = new Rate();
  #guarantee = h('span', { class: 'chip quiet' });
  #hash = h('code', { class: 'muted' });
  #waits = h('span', { class: 'chip', 'data-level': 'warn', hidden: true });
  #speed = h('span', { class: 'speed' });
  #counts = h('span', { class: 'counts muted' });
  #graph;

  constructor(name, open) {
    this.#name = name;
    this.#graph = h('div', { class: 'graph', tabindex: '0', role: 'region', 'aria-label': `Graph of ${name}` });
    const summary = h(
      'summary',
      { class: 'heading' },
      h('h3', {}, name),
      this.#guarantee,
      this.#hash,
      this.#waits,
      this.#speed,
      this.#counts,
    );
    this.node = h('details', { class: 'card flow', open }, summary, this.#graph);
    this.node.addEventListener('toggle', () => this.#draw());
    summary.addEventListener('click', () => choose(name, !this.node.open));
    this.#load();
  }

  show(flow) {
    this.#flow = flow;
    const { totals } = flow;
    this.#rate.add(totals.done + totals.skipped + totals.parked + totals.failed);
    const parts = [
      `${number(totals.received)} received`,
      `${number(totals.done)} applied`,
      `${number(totals.emitted)} emitted`,
      totals.errors > 0 && `${number(totals.errors)} failed tries`,
      `${flow.partitions} partitions`,
    ];
    say(this.#counts, parts.filter(Boolean).join(' · '));
    const waits = [flow.held > 0 && `${number(flow.held)} held`, flow.refused > 0 && `${number(flow.refused)} partitions refused`];
    this.#waits.hidden = flow.held + flow.refused === 0;
    say(this.#waits, waits.filter(Boolean).join(', '));
    this.#drawn?.show(flow);
    this.tick();
  }

  tick() {
    say(this.#speed, `${this.#rate.perSecond().toFixed(1)}/s`);
    this.#drawn?.tick();
  }

  async #load() {
    try {
      this.#answer = await call(`/api/ops/flows/${encodeURIComponent(this.#name)}/graph`);
    } catch {
      setTimeout(() => this.#load(), 2000);
      return;
    }
    say(this.#guarantee, this.#answer.description.guarantee ?? 'no effects');
    say(this.#hash, `graph ${this.#answer.hash.slice(0, 8)}`);
    this.#hash.title = this.#answer.hash;
    this.#draw();
  }

  /** Only what is seen can be measured. */
  #draw() {
    if (!this.node.open || !this.#answer || this.#drawn) return;
    this.#drawn = drawFlow(this.#graph, this.#answer);
    if (this.#flow) this.#drawn.show(this.#flow);
  }
}

const key = (name) => `aorta.flow.${name}`;

/** What this browser's user unfolded or folded before. */
function chosen(name) {
  try {
    const value = localStorage.getItem(key(name));
    return value === null ? undefined : value === 'open';
  } catch {
    return undefined;
  }
}

function choose(name, open) {
  try {
    localStorage.setItem(key(name), open ? 'open' : 'folded');
  } catch {
    // Without storage it is forgotten with the page.
  }
}

import { h, say } from '../dom.js';
import { layout, size } from '../layout.js';
import { Rate } from '../rate.js';

const calm = matchMedia('(prefers-reduced-motion: reduce)');
const mostDots = 5;
const stepMs = 260;

/**
 * A flow's graph. Where everything passes, each settled envelope is a dot; between branches nobody has counted which
 * way it went, so all ways light up a little. Skips and failures are counted at their node.
 */
export function drawFlow(root, { graph, description }) {
  const { nodes, edges, width, height } = layout(graph);
  const labels = new Map(graph.edges.filter((edge) => edge.label).map((edge) => [edge.to, edge.label]));
  const lastBranch = Math.max(-1, ...nodes.filter(({ node }) => node.op === 'branch').map(({ column }) => column));
  const received = new Rate();
  const emitted = new Rate();

  const drawnEdges = edges.map((edge) => ({ ...edge, line: h('path', { class: edge.trunk ? 'edge trunk' : 'edge', d: edge.path }) }));
  const dots = h('g', { class: 'dots' });
  const drawnNodes = new Map(nodes.map((placed) => [placed.node.id, drawNode(placed, labels.get(placed.node.id), graph)]));
  const svg = h(
    'svg',
    { viewBox: `0 0 ${width} ${height}`, role: 'img', 'aria-label': inWords(graph, description) },
    drawnEdges.map(({ line }) => line),
    dots,
    [...drawnNodes.values()].map(({ group }) => group),
  );
  svg.style.setProperty('--natural', `${width}px`);
  root.replaceChildren(svg);
  for (const text of svg.querySelectorAll('.name, .detail')) fit(text);

  const pulse = (edge, count) => {
    edge.line.classList.add('busy');
    clearTimeout(edge.rest);
    edge.rest = setTimeout(() => edge.line.classList.remove('busy'), 1200);
    if (!edge.trunk || calm.matches || document.hidden) return;
    for (let i = 0; i < Math.min(count, mostDots); i++) {
      const dot = h('circle', { r: 3.2, class: 'dot' });
      dot.style.setProperty('offset-path', `path("${edge.path}")`);
      dots.append(dot);
      const delay = edge.column * stepMs + (i * 400) / Math.min(count, mostDots);
      const moves = [
        { offsetDistance: '0%', opacity: 1 },
        { offsetDistance: '100%', opacity: 1 },
      ];
      dot.animate(moves, { duration: stepMs * 1.6, delay, easing: 'linear' }).finished.then(
        () => dot.remove(),
        () => dot.remove(),
      );
    }
  };
  const speed = (rate) => (rate >= 10 ? Math.round(rate) : rate.toFixed(1));
  const showRates = () => {
    for (const { node, detail } of drawnNodes.values()) {
      if (node.op === 'from') say(detail, `${speed(received.perSecond())}/s in`);
      if (node.op === 'to') say(detail, `${speed(emitted.perSecond())}/s out`);
    }
  };

  return {
    show(flow) {
      const came = received.add(flow.totals.received);
      const went = emitted.add(flow.totals.emitted);
      for (const edge of drawnEdges) {
        const passed = edge.column < lastBranch ? came : Math.min(came, went || came);
        if (passed > 0) pulse(edge, passed);
      }
      for (const [id, { badge }] of drawnNodes) {
        const { skipped = 0, errors = 0 } = flow.nodes[id] ?? {};
        badge.show(skipped, errors);
      }
      showRates();
    },
    tick: showRates,
  };
}

function drawNode({ node, x, y, height, slim }, label, graph) {
  const unnamed = /^.*:([^/]+)\/[^/]+$/.exec(node.id);
  const kind = node.external ? 'external' : node.stores.length > 0 ? 'state' : node.op;
  const title = unnamed ? unnamed[1] : node.id;
  const small = node.op === 'skip' ? `skip: ${node.options.reason}` : unnamed ? node.op : (label ?? node.op);
  // A slim node is one of many branches: its branch says more than its name.
  const name = h('text', { class: 'name', x: x + 11, y: y + (slim ? 4 : -3) }, slim ? (label ?? title) : title);
  const detail = h('text', { class: 'detail', x: x + 11, y: y + 12 }, small);
  const badgeText = h('text', { class: 'badge-text', x: x + size.width - 3, y: y - height / 2 + 3, 'text-anchor': 'end' });
  const badgeTitle = h('title');
  const badgeGroup = h('g', { class: 'badge', hidden: true }, badgeTitle, badgeText);
  const about = [
    `${node.id} (${node.op})`,
    label && `branch: ${label}`,
    node.op === 'from' && `topic ${graph.source}`,
    node.stores.length > 0 && `state: one actor per patient`,
    node.tables.length > 0 && `writes ${node.tables.join(', ')}`,
    node.external && 'calls out',
  ];
  const group = h(
    'g',
    { class: `node node-${kind}` },
    h('title', {}, about.filter(Boolean).join('\n')),
    h('rect', {
      class: 'box',
      x,
      y: y - height / 2,
      width: size.width,
      height,
      rx: kind === 'from' || kind === 'to' ? height / 2 : 8,
    }),
    name,
    slim ? null : detail,
    badgeGroup,
  );
  return {
    node,
    group,
    detail,
    badge: {
      show(skipped, errors) {
        badgeGroup.toggleAttribute('hidden', skipped + errors === 0);
        badgeGroup.classList.toggle('bad', errors > 0);
        say(badgeText, errors > 0 ? `${errors} failed` : `${skipped} skipped`);
        say(badgeTitle, `${skipped} skipped, ${errors} failed tries`);
      },
    },
  };
}

/** Cuts text to the node's width as this browser draws it. */
function fit(text) {
  const room = size.width - 18;
  while (text.getComputedTextLength() > room && text.textContent.length > 2) text.textContent = `${text.textContent.slice(0, -2)}…`;
}

function inWords(graph, { paths, guarantee }) {
  return `Flow ${graph.flow} from ${graph.source}: ${graph.nodes.length} nodes, ${paths.length} paths; ${guarantee ?? 'no effects'}.`;
}

export const size = { width: 122, height: 40, gapX: 30, gapY: 10, margin: 8 };
/** Columns with more nodes than `from` get slim ones, so that a flow with many branches still fits a screen. */
const slim = { from: 6, height: 23, gapY: 5 };
const rowsOf = (nodes) => (nodes.length > slim.from ? slim : size);

/**
 * Places a flow's nodes in columns, left to right: a node stands right of everything that leads to it. Inside a column
 * by the middle of what leads to it, which keeps edges from crossing in graphs that branch and rejoin.
 */
export function layout(graph) {
  const into = new Map(graph.nodes.map(({ id }) => [id, []]));
  for (const edge of graph.edges) into.get(edge.to)?.push(edge);
  const column = new Map();
  const columnOf = (id) => {
    if (!column.has(id)) {
      column.set(id, 0); // A circle would end here; the lint refuses them.
      column.set(id, Math.max(-1, ...into.get(id).map(({ from }) => columnOf(from))) + 1);
    }
    return column.get(id);
  };
  const columns = [];
  for (const node of graph.nodes) {
    const at = columnOf(node.id);
    columns[at] = [...(columns[at] ?? []), node];
  }

  const heightOf = (nodes) => nodes.length * (rowsOf(nodes).height + rowsOf(nodes).gapY) - rowsOf(nodes).gapY;
  const height = Math.max(...columns.map(heightOf));
  const y = new Map();
  for (const nodes of columns) {
    const middle = (node) => {
      const from = into.get(node.id).map((edge) => y.get(edge.from) ?? height / 2);
      return from.length === 0 ? height / 2 : from.reduce((sum, each) => sum + each, 0) / from.length;
    };
    // Stable: branches of one node keep the order in which they are declared.
    nodes.sort((a, b) => middle(a) - middle(b));
    const rows = rowsOf(nodes);
    const top = (height - heightOf(nodes)) / 2;
    nodes.forEach((node, row) => {
      y.set(node.id, top + row * (rows.height + rows.gapY) + rows.height / 2);
    });
  }

  const placed = new Map();
  columns.forEach((nodes, at) => {
    for (const node of nodes)
      placed.set(node.id, {
        node,
        x: size.margin + at * (size.width + size.gapX),
        y: size.margin + y.get(node.id),
        column: at,
        height: rowsOf(nodes).height,
        slim: rowsOf(nodes) === slim,
      });
  });
  return {
    nodes: [...placed.values()],
    edges: graph.edges.map((edge) => {
      const [a, b] = [placed.get(edge.from), placed.get(edge.to)];
      const [x1, x2] = [a.x + size.width, b.x];
      const bend = (x2 - x1) / 2;
      const path = a.y === b.y ? `M${x1} ${a.y}H${x2}` : `M${x1} ${a.y}C${x1 + bend} ${a.y} ${x2 - bend} ${b.y} ${x2} ${b.y}`;
      return { ...edge, path, column: a.column, trunk: isTrunk(edge, graph.edges) };
    }),
    width: 2 * size.margin + columns.length * (size.width + size.gapX) - size.gapX,
    height: 2 * size.margin + height,
  };
}

/** Everything goes along it: it is the only way on from its node and nothing branches around it. */
function isTrunk({ from, to }, edges) {
  return edges.filter((edge) => edge.from === from).length === 1 && edges.filter((edge) => edge.to === to).length === 1;
}

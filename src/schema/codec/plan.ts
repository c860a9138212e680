import type { Type, types } from './type.ts';

/** What the pre-check does with the bytes of one type. */
export const op = {
  none: 0,
  boolean: 1,
  int: 2,
  long: 3,
  skip: 4,
  blob: 5,
  index: 6,
  union: 7,
  record: 8,
  array: 9,
  map: 10,
} as const;

/** One type of a writer's schema, as the pre-check walks it. All of one shape, so that V8 keeps the walk monomorphic. */
export class PlanNode {
  op: number = op.none;
  /** `skip`: bytes. `index`, `union`: number of symbols or branches. */
  size = 0;
  /** Fields or branches; the item of an array or map stands alone. */
  parts: PlanNode[] = [];
  names: string[] = [];
  /** Fewest bytes that a value takes: a lower bound, 0 for null, empty records and fixed(0). */
  min = 0;
  /** Decoding cost of one value in units of about 35 ns, without the items of arrays and maps in it. */
  cost = 1;
  /** A record that can contain itself: its cost is charged at every visit. */
  recursive = false;
}

const costs: Readonly<Record<string, number>> = { string: 4, bytes: 8, fixed: 8, record: 3, error: 3, array: 3, map: 3 };

/** Compiles a writer's type into the tree that `Walk` follows. */
export function planOf(type: Type): PlanNode {
  const nodes = new Map<Type, PlanNode>();
  const open = new Set<Type>();
  const build = (of: Type): PlanNode => {
    const known = nodes.get(of);
    if (known) {
      if (open.has(of)) known.recursive = true;
      return known;
    }
    const node = new PlanNode();
    nodes.set(of, node);
    open.add(of);
    fill(node, of, build);
    open.delete(of);
    return node;
  };
  const root = build(type);
  settle([...nodes.values()]);
  return root;
}

/** Nesting of all values of a plan without arrays, maps and recursion; Infinity with them: their bytes decide. */
export function nestingOf(root: PlanNode): number {
  const known = new Map<PlanNode, number>();
  const nesting = (node: PlanNode): number => {
    let depth = known.get(node);
    if (depth !== undefined) return depth;
    // Until it is known: what contains itself has no end.
    known.set(node, Number.POSITIVE_INFINITY);
    depth = node.op > op.record ? Number.POSITIVE_INFINITY : node.op < op.union ? 0 : 1 + Math.max(0, ...node.parts.map(nesting));
    known.set(node, depth);
    return depth;
  };
  return nesting(root);
}

function fill(node: PlanNode, type: Type, build: (of: Type) => PlanNode): void {
  node.cost = costs[type.typeName] ?? 1;
  switch (type.typeName) {
    case 'null':
      return;
    case 'boolean':
      node.op = op.boolean;
      return;
    case 'int':
      node.op = op.int;
      return;
    case 'long':
      node.op = op.long;
      return;
    case 'float':
    case 'double':
      node.op = op.skip;
      node.size = type.typeName === 'float' ? 4 : 8;
      return;
    case 'fixed':
      node.op = op.skip;
      node.size = (type as unknown as { size: number }).size;
      return;
    case 'string':
    case 'bytes':
      node.op = op.blob;
      return;
    case 'enum':
      node.op = op.index;
      node.size = (type as unknown as { symbols: readonly string[] }).symbols.length;
      return;
    case 'array':
      node.op = op.array;
      node.parts = [build((type as types.ArrayType).itemsType)];
      return;
    case 'map':
      node.op = op.map;
      node.parts = [build((type as types.MapType).valuesType)];
      return;
    case 'record':
    case 'error': {
      const { fields } = type as types.RecordType;
      node.op = op.record;
      node.names = fields.map((field) => field.name);
      node.parts = fields.map((field) => build(field.type));
      return;
    }
    default: {
      const branches = (type as types.UnwrappedUnionType).types;
      node.op = op.union;
      node.size = branches.length;
      node.parts = branches.map(build);
    }
  }
}

/**
 * Lower bounds of size and estimates of cost. Recursive types are why this iterates: starting from 0, every pass keeps a
 * true lower bound of the size, so stopping early is safe.
 */
function settle(nodes: readonly PlanNode[]): void {
  const base = nodes.map((node) => node.cost);
  for (let pass = 0; pass < 8; pass++) {
    for (const [i, node] of nodes.entries()) {
      node.min = minimum(node);
      node.cost = (base[i] ?? 1) + inner(node);
    }
  }
}

function minimum(node: PlanNode): number {
  if (node.op === op.none) return 0;
  if (node.op === op.skip) return node.size;
  if (node.op === op.record)
    return Math.min(
      node.parts.reduce((sum, part) => sum + part.min, 0),
      1 << 20,
    );
  if (node.op === op.union) return 1 + Math.min(...node.parts.map((part) => part.min));
  return 1;
}

function inner(node: PlanNode): number {
  // A recursive part charges itself when it is visited.
  const charge = (part: PlanNode) => (part.recursive ? 0 : part.cost);
  if (node.op === op.record)
    return Math.min(
      node.parts.reduce((sum, part) => sum + charge(part), 0),
      1 << 20,
    );
  if (node.op === op.union) return Math.max(...node.parts.map(charge));
  return 0;
}

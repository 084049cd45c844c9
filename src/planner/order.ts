/** What each member waits for. */
type Needs<Id> = ReadonlyMap<Id, ReadonlySet<Id>>;

interface Order<Id> {
  /** Each member is in the first wave in which all it waits for is already done. */
  readonly waves: readonly (readonly Id[])[];
  /** The members of cycles, and all that wait on them. */
  readonly stuck: ReadonlySet<Id>;
}

/** Kahn's algorithm, level by level. What is not itself a key of `needs` is taken to be done. */
export function orderIntoWaves<Id>(needs: Needs<Id>): Order<Id> {
  const waiting = new Set(needs.keys());
  const waves: Id[][] = [];
  for (;;) {
    const ready = [...needs].filter(([id, wanted]) => waiting.has(id) && wanted.isDisjointFrom(waiting));
    if (ready.length === 0) return { waves, stuck: waiting };
    const wave = ready.map(([id]) => id);
    for (const id of wave) waiting.delete(id);
    waves.push(wave);
  }
}

/**
 * A closed path among the stuck: each waits for the next, the smallest comes first and again at the end.
 * Follows the smallest need of each until one comes up twice, so that equal graphs give equal paths.
 */
export function closedPath<Id extends string>(needs: Needs<Id>, stuck: ReadonlySet<Id>): readonly Id[] {
  const walked: Id[] = [];
  let [at] = [...stuck].toSorted();
  while (at !== undefined && !walked.includes(at)) {
    walked.push(at);
    [at] = [...(needs.get(at)?.intersection(stuck) ?? [])].toSorted();
  }
  const loop = walked.slice(walked.findIndex((id) => id === at));
  const smallest = loop.toSorted()[0];
  const start = loop.findIndex((id) => id === smallest);
  return [...loop.slice(start), ...loop.slice(0, start + 1)];
}

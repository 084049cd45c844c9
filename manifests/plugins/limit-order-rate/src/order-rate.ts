/** Times of the orders of one venue within the window, oldest first: never more than the limit. */
export class OrderRate {
  readonly #maxOrders: number;
  readonly #windowUs: number;
  /** A map keeps the order in which its keys were set. */
  readonly #orders = new Map<string, number>();

  constructor(maxOrders: number, windowMs: number) {
    this.#maxOrders = maxOrders;
    this.#windowUs = windowMs * 1000;
  }

  /** Times by order, oldest first: what an instance that goes on with it is restored from. */
  orders = (): ReadonlyMap<string, number> => new Map(this.#orders);

  restore(orders: ReadonlyMap<string, number>): void {
    for (const [clientOrderId, time] of orders) this.#orders.set(clientOrderId, time);
  }

  /**
   * Takes a place for an order, which stays taken until the window has passed: an order that was called off was a
   * message to the venue, too. Twice is once.
   *
   * @returns Orders in the window with this one, whether it got a place or not.
   */
  take(clientOrderId: string, nowUs: number, isGranted = false): { isTaken: boolean; count: number } {
    for (const [id, time] of this.#orders) {
      if (time > nowUs - this.#windowUs) break;
      this.#orders.delete(id);
    }
    if (this.#orders.has(clientOrderId)) return { isTaken: true, count: this.#orders.size };
    const isTaken = this.#orders.size < this.#maxOrders;
    const count = this.#orders.size + 1;
    if (isTaken) this.#orders.set(clientOrderId, nowUs);
    return { isTaken: isTaken || isGranted, count };
  }
}

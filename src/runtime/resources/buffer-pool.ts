import { portError } from "../../plugin/errors.ts";
import type { Ledger, Reservation } from "./ledger.ts";
import type { Owner } from "./owner.ts";

export interface BufferOptions {
  /** Bytes of each buffer. */
  readonly bufferBytes: number;
  /** Buffers that are taken from the system at once. Defaults to 16. */
  readonly slabBuffers?: number;
  /**
   * Finds who writes to a buffer after giving it back, at the cost of looking at each one that is taken again. Without
   * it a buffer is cleared when it comes back, and that is all. Defaults to false.
   */
  readonly isDevelopment?: boolean;
}

interface PoolOptions extends BufferOptions {
  readonly ledger: Ledger;
  /** Who holds the pool's memory. */
  readonly owner: Owner;
}

/** A buffer that is somebody's until it is given back. */
export interface Lent {
  /** All zeros when it is taken. Not to be touched once it was given back. */
  readonly bytes: Uint8Array;
  /** Safe to repeat. */
  giveBack(): void;
}

interface Slab {
  readonly reservation: Reservation;
  readonly free: Uint8Array[];
}

/** What a buffer holds while it is nobody's, in development. */
const POISON = 0xdb;

/**
 * Buffers of one size, cut from slabs that are taken from the system as a whole and given back as a whole, so that
 * coming and going leaves no holes between what stays. Each slab is a reservation, given back when nobody uses it and
 * somebody needs the memory.
 */
export class BufferPool {
  readonly #options: Required<PoolOptions>;
  readonly #slabs = new Set<Slab>();

  constructor(options: PoolOptions) {
    this.#options = { slabBuffers: 16, isDevelopment: false, ...options };
  }

  /** Bytes of all slabs. */
  get heldBytes(): number {
    return this.#slabs.size * this.#slabBytes;
  }

  get #slabBytes(): number {
    return this.#options.bufferBytes * this.#options.slabBuffers;
  }

  /**
   * A buffer, or nothing where its owner may not hold more.
   *
   * @throws {PortError} `CONTRACT_VIOLATION`, in development, where somebody wrote to a buffer that was given back.
   */
  take(): Lent | undefined {
    const slab = this.#fullest() ?? this.#grow();
    const bytes = slab?.free.pop();
    if (!slab || !bytes) return undefined;
    slab.reservation.keep();
    if (this.#options.isDevelopment) clearPoison(slab, bytes);
    let isLent = true;
    return {
      bytes,
      giveBack: () => {
        if (!isLent) return;
        isLent = false;
        bytes.fill(this.#options.isDevelopment ? POISON : 0);
        slab.free.push(bytes);
        if (slab.free.length === this.#options.slabBuffers) slab.reservation.offer(() => this.#drop(slab));
      },
    };
  }

  /** Gives back every slab that nobody uses. */
  trim(): void {
    for (const slab of this.#slabs) if (slab.free.length === this.#options.slabBuffers) this.#drop(slab);
  }

  /** Of the slabs with a free buffer the one with the fewest, so that the others become empty. */
  #fullest(): Slab | undefined {
    let fullest: Slab | undefined;
    for (const slab of this.#slabs) {
      if (slab.free.length > 0 && slab.free.length < (fullest?.free.length ?? Infinity)) fullest = slab;
    }
    return fullest;
  }

  #grow(): Slab | undefined {
    const { ledger, owner, bufferBytes, slabBuffers, isDevelopment } = this.#options;
    const reservation = ledger.tryReserve(owner, { memoryBytes: this.#slabBytes });
    if (!reservation) return undefined;
    reservation.commit();
    const memory = new Uint8Array(this.#slabBytes);
    if (isDevelopment) memory.fill(POISON);
    const free = Array.from({ length: slabBuffers }, (_, at) =>
      memory.subarray(at * bufferBytes, (at + 1) * bufferBytes),
    );
    const slab: Slab = { reservation, free };
    this.#slabs.add(slab);
    return slab;
  }

  #drop(slab: Slab): void {
    this.#slabs.delete(slab);
    slab.reservation.release();
  }
}

function clearPoison({ free }: Slab, bytes: Uint8Array): void {
  if (bytes.every((byte) => byte === POISON)) {
    bytes.fill(0);
    return;
  }
  free.push(bytes.fill(POISON));
  throw portError("CONTRACT_VIOLATION", "a buffer was written to after it had been given back");
}

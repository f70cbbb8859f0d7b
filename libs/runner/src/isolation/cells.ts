import { Logger } from '@nestjs/common';
import type { Program } from '@millrace/runtime';
import { Cell } from './cell';
import type { CellSpec } from './cell-body';

/** Shortest and longest time for which a task that finds no place is put off. */
const LEAST_WAIT_MS = 500;
const MOST_WAIT_MS = 30_000;
/** How much longer the next one waits for each that waits already: about what starting a cell takes. */
const WAIT_EACH_MS = 50;

/** The right to one cell; it is given back when the cell, if there was one, has ended. */
export interface Place {
  /** Resolves with the cell when it is ready; rejects with `CellNotReady`. A place opens one cell. */
  open(spec: CellSpec): Promise<Cell>;
  /** The attempt is over, or never began. */
  leave(): void;
}

/**
 * Every cell of a worker: how many there may be at once, and one spare that is ready before it is needed.
 *
 * A cell runs one attempt, so that nothing of it is left for the next. Building an application takes about a second,
 * which the spare saves: it is started when a cell like it is taken, beyond the bound of those that run.
 */
export class Cells {
  private readonly logger = new Logger(Cells.name);
  private readonly live = new Set<Cell>();
  /** When those are due that were put off, in no order. */
  private putOff: number[] = [];
  private taken = 0;
  private spare: Cell | null = null;
  private isClosed = false;

  /** @param most Cells that run an attempt at once. */
  constructor(
    private readonly program: Program,
    readonly most: number,
  ) {}

  /** False where there is no program to start for a cell: attempts then run among the others. */
  get possible(): boolean {
    return this.program.file !== null;
  }

  /** Places that are taken. */
  get busy(): number {
    return this.taken;
  }

  /** Starts a spare, so that the first attempt finds it. */
  prepare(spec: CellSpec): void {
    if (this.isClosed || !this.possible || this.spare?.over === false) return;
    this.spare = this.start(spec);
  }

  /** A place, unless all are taken. */
  reserve(): Place | null {
    if (this.taken >= this.most || this.isClosed) return null;
    this.taken += 1;
    let cell: Cell | null = null;
    let left = false;
    return {
      open: async (spec) => {
        cell = this.take(spec);
        await cell.ready;
        return cell;
      },
      leave: () => {
        if (left) return;
        left = true;
        cell?.retire();
        void (cell?.ended ?? Promise.resolve()).then(() => (this.taken -= 1));
      },
    };
  }

  /** How long a task without a place is to wait, in milliseconds: the longer, the more wait already. */
  nextWaitMs(nowMs = performance.now()): number {
    this.putOff = this.putOff.filter((dueAtMs) => dueAtMs > nowMs);
    const waitMs = Math.min(MOST_WAIT_MS, LEAST_WAIT_MS + this.putOff.length * WAIT_EACH_MS);
    // Beyond so many the wait grows no more, and counting them changes nothing.
    if (waitMs < MOST_WAIT_MS) this.putOff.push(nowMs + waitMs);
    return waitMs;
  }

  /** Ends every cell by force, and resolves when all are gone; none is started from now on. */
  async close(): Promise<void> {
    this.isClosed = true;
    const live = [...this.live];
    for (const cell of live) cell.kill();
    await Promise.all(live.map(({ ended }) => ended));
  }

  private take(spec: CellSpec): Cell {
    const spare = this.spare;
    if (spare && !spare.over && isLike(spare.spec, spec)) {
      this.spare = null;
      return spare;
    }
    return this.start(spec);
  }

  private start(spec: CellSpec): Cell {
    const cell = new Cell(this.program.file ?? '', spec);
    this.live.add(cell);
    void cell.ended.then((how) => {
      this.live.delete(cell);
      if (this.spare === cell && !this.isClosed) this.logger.warn('A spare cell ended before its attempt', { how });
    });
    return cell;
  }
}

function isLike(one: CellSpec, other: CellSpec): boolean {
  return one.kind === other.kind && one.memoryMiB === other.memoryMiB;
}

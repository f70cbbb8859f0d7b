import type { Slots } from './slots';

/** A started task that no slot took for so long goes back: handlers have become slower than they were when it was claimed. */
const PATIENCE_MS = 1_000;

export interface SlotLineParts<Task> {
  readonly slots: Slots;
  /** Called with a slot. */
  readonly begin: (task: Task) => void;
  /** Called without one: others may run it. */
  readonly giveUp: (task: Task) => void;
  /** Aborts when the worker stops: what waits is given up. */
  readonly stopping: AbortSignal;
}

/** Started tasks on their way into a slot, in the order of their starts; mostly there is one at once. */
export class SlotLine<Task> {
  private readonly waiting: { readonly task: Task; readonly sinceMs: number }[] = [];
  private isMoving = false;
  private patience: NodeJS.Timeout | null = null;

  constructor(private readonly parts: SlotLineParts<Task>) {
    parts.stopping.addEventListener('abort', () => this.giveUp(Infinity), { once: true });
  }

  add(task: Task): void {
    if (this.waiting.length === 0 && this.parts.slots.begin()) return this.parts.begin(task);
    this.waiting.push({ task, sinceMs: performance.now() });
    if (this.parts.stopping.aborted) return this.giveUp(Infinity);
    this.patience ??= setTimeout(() => this.lookAgain(), PATIENCE_MS);
  }

  /** To be called when a slot has become free. */
  move(): void {
    // A handler that waits for nothing ends within `begin`, and its slot goes to the next one from here.
    if (this.isMoving) return;
    this.isMoving = true;
    try {
      while (this.waiting.length > 0 && this.parts.slots.begin()) {
        const next = this.waiting.shift();
        if (next) this.parts.begin(next.task);
      }
    } finally {
      this.isMoving = false;
    }
  }

  private lookAgain(): void {
    this.patience = null;
    this.giveUp(performance.now() - PATIENCE_MS);
    if (this.waiting.length > 0) this.patience = setTimeout(() => this.lookAgain(), PATIENCE_MS);
  }

  private giveUp(waitingSinceMs: number): void {
    while (this.waiting[0] && this.waiting[0].sinceMs <= waitingSinceMs) {
      const late = this.waiting.shift();
      if (late) this.parts.giveUp(late.task);
    }
  }
}

import fc from 'fast-check';
import { ENDS } from './held';
import type { Invariants } from './invariants';
import { QUEUE_PARTS } from './stores';
import type { World } from './world';

export const WORKERS = 2;
const MOST_TASKS = 3;

/** What a run of steps is played on: the model, what must hold of it, and a twin on real stores when there is one. */
export interface Stage {
  readonly invariants: Invariants;
  readonly twin: World | undefined;
  /** Throws when the two worlds look different. */
  readonly compare: (model: World, twin: World) => Promise<void>;
  /** Hears of every step. */
  readonly played: () => void;
}

/** One step of somebody, played on the model and on its twin alike. */
class Step implements fc.AsyncCommand<World, Stage> {
  constructor(
    private readonly name: string,
    private readonly play: (world: World) => Promise<void>,
    private readonly isPossible: (world: World) => boolean = () => true,
  ) {}

  check(model: Readonly<World>): boolean {
    return this.isPossible(model as World);
  }

  async run(model: World, { invariants, twin, compare, played }: Stage): Promise<void> {
    played();
    await this.play(model);
    invariants.check(await model.stores.look());
    if (!twin) return;
    await this.play(twin);
    await compare(model, twin);
  }

  toString(): string {
    return this.name;
  }
}

const worker = fc.integer({ min: 0, max: WORKERS - 1 });
const task = fc.integer({ min: 0, max: MOST_TASKS - 1 });

type WorkerStep =
  'goOn' | 'claim' | 'start' | 'recordEnded' | 'settle' | 'renew' | 'interrupt' | 'startUnheard' | 'crash' | 'pause';

/** A step of a worker that is neither dead nor paused. */
function ofWorker(step: WorkerStep): fc.Arbitrary<Step> {
  return worker.map(
    (n) =>
      new Step(
        `${step}(${n})`,
        (world) => world[step](n),
        (world) => world.isUp(n),
      ),
  );
}

const steps = {
  submit: fc.constantFrom('dispatched' as const, 'dispatched' as const, 'undispatched' as const).map(
    (dispatch) =>
      new Step(
        `submit(${dispatch})`,
        (world) => world.submit({ dispatch }),
        (world) => world.taskCount < MOST_TASKS,
      ),
  ),
  end: fc.tuple(worker, fc.constantFrom(...ENDS)).map(
    ([n, how]) =>
      new Step(
        `end(${n}, ${how})`,
        (world) => world.end(n, how),
        (world) => world.isUp(n),
      ),
  ),
  resume: worker.map(
    (n) =>
      new Step(
        `resume(${n})`,
        (world) => world.resume(n),
        (world) => !world.isUp(n),
      ),
  ),
  rescue: fc.constant(new Step('rescue', (world) => world.rescue())),
  repair: fc
    .constantFrom('new' as const, 'again' as const)
    .map((mode) => new Step(`repair(${mode})`, (world) => world.repair(mode))),
  promote: fc.constant(new Step('promote', (world) => world.promote())),
  elapse: fc.constant(new Step('elapse', (world) => world.elapse())),
  flush: fc.constant(new Step('flush', (world) => world.lose(QUEUE_PARTS))),
  lose: fc.constantFrom(...QUEUE_PARTS).map((part) => new Step(`lose(${part})`, (world) => world.lose([part]))),
  cancel: task.map((n) => new Step(`cancel(${n})`, (world) => world.cancel(n))),
  retry: task.map((n) => new Step(`retry(${n})`, (world) => world.retry(n))),
  copyEntry: fc
    .tuple(task, fc.integer({ min: 0, max: 2 }))
    .map(([n, older]) => new Step(`copyEntry(${n}, ${older})`, (world) => world.copyEntry(n, older))),
} as const;

/** Any order of these may happen; how often each is drawn decides how far tasks get before something goes wrong. */
const STEPS: readonly fc.Arbitrary<Step>[] = [
  ...often(12, ofWorker('goOn')),
  ...often(4, steps.submit),
  ...often(3, steps.end),
  ...often(2, steps.elapse, steps.promote, steps.rescue, steps.resume, steps.repair),
  ...often(1, ...(['claim', 'start', 'recordEnded', 'settle', 'renew'] as const).map(ofWorker)),
  ...often(1, ...(['crash', 'pause', 'startUnheard', 'interrupt'] as const).map(ofWorker)),
  ...often(1, steps.flush, steps.lose, steps.cancel, steps.retry, steps.copyEntry),
];

function often(times: number, ...arbitraries: readonly fc.Arbitrary<Step>[]): fc.Arbitrary<Step>[] {
  return Array.from({ length: times }, () => arbitraries).flat();
}

/** Sequences of at most so many steps, in every order that is possible. */
export function stepSequences(maxSteps: number): fc.Arbitrary<Iterable<fc.AsyncCommand<World, Stage>>> {
  return fc.commands([...STEPS], { maxCommands: maxSteps, size: 'max' });
}

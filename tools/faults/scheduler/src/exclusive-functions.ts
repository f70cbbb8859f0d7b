import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { Injectable, type OnModuleInit } from '@nestjs/common';
import { SchedulerService, type Fire } from '@millrace/scheduling';
import { FunctionLog } from './function-log';

/** Work is done in steps, so that a process which stood still is in the middle of it. */
const STEP_MS = 50;
/** A longer step means that the process stood still. */
const STOOD_STILL_MS = 1_000;
/** What is left to do after that: enough to be told meanwhile that the run was given up. */
const STEPS_AFTER_THAT = 100;

/** Steps of the runs, slot after slot: short ones, and such that take the next slots' time. */
const STEPS: readonly number[] = [4, 4, 16, 4, 30, 4, 50, 4, 16, 4];
const STEPS_QUEUED = 8;
/** Of ten seconds in a row the slot of this one throws. */
const THROWS = 3;

/**
 * Functions that one replica at a time runs, each of whose runs leaves a line at its start and one at its end. Only with the
 * variable `FAULTS_FUNCTIONS`.
 */
@Injectable()
export class ExclusiveFunctions implements OnModuleInit {
  private log: FunctionLog | undefined;

  constructor(private readonly scheduler: SchedulerService) {}

  onModuleInit(): void {
    const { FAULTS_FUNCTIONS: isOn, EFFECTS_FOLDER: folder } = process.env;
    if (!isOn) return;
    if (!folder) throw new Error('EFFECTS_FOLDER must name the folder of the logs of functions');
    this.log = new FunctionLog(folder);
    this.add('* * * * * *', 'faults-exclusive', 'skip', (nth) => STEPS[nth % STEPS.length] ?? 1);
    this.add('*/2 * * * * *', 'faults-queued', 'queue_all', () => STEPS_QUEUED);
  }

  private add(spec: string, name: string, overlap: 'skip' | 'queue_all', steps: (nth: number) => number): void {
    const run = (fire: Fire) => this.run(name, fire, steps(fire.slotAt.getTime() / 1_000));
    this.scheduler.addFunc(spec, name, run, { exclusive: true, overlap });
  }

  private async run(schedule: string, { slotAt, signal }: Fire, steps: number): Promise<object> {
    const about = { schedule, slot_at: slotAt.getTime(), run: randomUUID() };
    this.log?.write({ kind: 'begin', ...about });
    try {
      await work(steps, signal);
      if ((slotAt.getTime() / 1_000) % 10 === THROWS) throw new Error('This run was to throw');
    } catch (error) {
      this.log?.write({ kind: 'end', ...about, how: signal.aborted ? 'aborted' : 'threw' });
      throw error;
    }
    this.log?.write({ kind: 'end', ...about, how: 'returned' });
    return { run: about.run };
  }
}

async function work(steps: number, signal: AbortSignal): Promise<void> {
  let left = steps;
  let hasStoodStill = false;
  while (left > 0) {
    const beganMs = performance.now();
    await sleep(STEP_MS, undefined, { signal });
    left -= 1;
    if (hasStoodStill || performance.now() - beganMs < STOOD_STILL_MS) continue;
    hasStoodStill = true;
    left += STEPS_AFTER_THAT;
  }
}

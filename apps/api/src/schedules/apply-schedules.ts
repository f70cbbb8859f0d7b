import { Injectable } from '@nestjs/common';
import type { Json } from '@millrace/contracts';
import { invalidRequest, type FieldProblem } from '@millrace/runtime';
import { InvalidSchedule } from '@millrace/schedules';
import { ScheduleRepository, type EntityManager, type ScheduleDefinition, type ScheduleRow } from '@millrace/store';
import {
  draftSchedule,
  ScheduleControl,
  ScheduleStateConflict,
  ScheduleVersionMismatch,
  TaskPolicy,
} from '@millrace/tasks';
import { changesBetween, type FieldChange } from './changes';
import { ruleFaults } from './rule-faults';
import type { ScheduleSet, SetEntry } from './schedule-set';
import { definitionView } from './schedule.view';

/** Schedules outside of a set that are listed, and that one call deletes. */
const MAX_ORPHANED = 1_000;

/** What a set changes. */
export interface SetDiff {
  readonly created: readonly string[];
  readonly changed: readonly { readonly name: string; readonly changes: readonly FieldChange[] }[];
  readonly unchanged: readonly string[];
  /** Stored, and not in the set; `MAX_ORPHANED` at most. */
  readonly orphaned: readonly string[];
}

/** An entry and what is stored under its name. */
interface Planned {
  readonly entry: SetEntry;
  readonly current: ScheduleRow | undefined;
  readonly changes: readonly FieldChange[];
}

/**
 * Makes the stored schedules equal to a set of them, all or none.
 *
 * - What is applied is what the diff says: a schedule that somebody changes in between fails the whole set.
 * - Schedules that services declare are no part of any set.
 */
@Injectable()
export class ApplySchedules {
  constructor(
    private readonly control: ScheduleControl,
    private readonly schedules: ScheduleRepository,
    private readonly policy: TaskPolicy,
  ) {}

  /**
   * Throws a 400 that names every bad field, `ScheduleVersionMismatch` for a version that is not the stored one or a change in
   * between, `ScheduleStateConflict` for a schedule that a service declares.
   */
  async apply(set: ScheduleSet, actor: string): Promise<SetDiff> {
    const planned = await this.plan(set);
    const names = planned.map(({ entry }) => entry.name);
    const beyond = await this.schedules.namesBeyond(names, { prefix: set.prefix, limit: MAX_ORPHANED + 1 });
    if (set.prune && beyond.length > MAX_ORPHANED) {
      const message = `would delete more than ${MAX_ORPHANED} schedules; narrow the set by prefix`;
      throw invalidRequest([{ field: 'prune', message }]);
    }
    const diff = diffOf(planned, beyond.slice(0, MAX_ORPHANED));
    if (set.dryRun) return diff;

    const written = planned.filter(({ current, changes }) => !current || changes.length > 0);
    await this.schedules.transaction(async (manager) => {
      for (const plan of written.toSorted(byName)) await this.write(plan, actor, manager);
      if (set.prune) for (const name of beyond) await this.control.remove({ name, actor }, manager);
    });
    return diff;
  }

  private async plan({ entries, prefix }: ScheduleSet): Promise<Planned[]> {
    const definitions = this.draft(entries, prefix);
    const stored = await this.schedules.findByNames(entries.map(({ name }) => name));
    const byName = new Map(stored.map((schedule) => [schedule.name, schedule]));
    return entries.flatMap((entry, index) => {
      const definition = definitions[index];
      if (!definition) return [];
      const current = byName.get(entry.name);
      refuseConflict(entry, current);
      return [{ entry, current, changes: current ? changesOf(entry, definition, current) : [] }];
    });
  }

  /** Every fault of every entry at once. */
  private draft(entries: readonly SetEntry[], prefix: string): ScheduleDefinition[] {
    const errors: FieldProblem[] = [];
    const seen = new Set<string>();
    const definitions = entries.flatMap(({ name, input, faults, fieldOf }) => {
      if (faults.length > 0) {
        const all = [...faults, ...ruleFaults(name, input, { policy: this.policy, known: faults })];
        errors.push(...all.map((fault) => ({ ...fault, field: fieldOf(fault.field) })));
        return [];
      }
      if (!name.startsWith(prefix)) errors.push({ field: fieldOf('name'), message: `must begin with ${prefix}` });
      if (seen.has(name)) errors.push({ field: fieldOf('name'), message: 'must not stand in the set twice' });
      seen.add(name);
      try {
        return [draftSchedule(name, input, this.policy, 'api')];
      } catch (error) {
        if (!(error instanceof InvalidSchedule)) throw error;
        errors.push(...error.errors.map((fault) => ({ ...fault, field: fieldOf(fault.field) })));
        return [];
      }
    });
    if (errors.length > 0) throw invalidRequest(errors);
    return definitions;
  }

  private async write({ entry, current }: Planned, actor: string, manager: EntityManager): Promise<void> {
    const { name, input, paused } = entry;
    const mode = current ? 'replace' : 'create';
    await this.control.put({ name, input, paused, actor, mode, version: current?.version, source: 'api' }, manager);
  }
}

const byName = (a: Planned, b: Planned): number => (a.entry.name < b.entry.name ? -1 : 1);

function refuseConflict({ name, version }: SetEntry, current: ScheduleRow | undefined): void {
  if (!current) return;
  if (current.source === 'code' && !current.orphanedAt) throw new ScheduleStateConflict(name, 'is kept by the code');
  if (version !== undefined && version !== current.version) {
    throw new ScheduleVersionMismatch(name, version, current.version);
  }
}

/** `paused` counts where the entry says it; an orphan of code that is taken over counts as changed. */
function changesOf({ paused }: SetEntry, definition: ScheduleDefinition, current: ScheduleRow): FieldChange[] {
  const view = (of: ScheduleDefinition) => definitionView(of) as unknown as Readonly<Record<string, Json>>;
  const changes = changesBetween(view(current), view(definition));
  const source = { field: 'source', from: current.source, to: 'api' };
  return [
    ...changes,
    ...(current.source === 'api' ? [] : [source]),
    ...(paused === undefined || paused === current.paused
      ? []
      : [{ field: 'paused', from: current.paused, to: paused }]),
  ];
}

function diffOf(planned: readonly Planned[], orphaned: readonly string[]): SetDiff {
  const names = (plans: readonly Planned[]) => plans.map(({ entry }) => entry.name);
  const stored = planned.filter(({ current }) => current);
  return {
    created: names(planned.filter(({ current }) => !current)),
    changed: stored
      .filter(({ changes }) => changes.length > 0)
      .map(({ entry, changes }) => ({ name: entry.name, changes })),
    unchanged: names(stored.filter(({ changes }) => changes.length === 0)),
    orphaned,
  };
}

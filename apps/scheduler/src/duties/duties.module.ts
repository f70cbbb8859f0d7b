import { DutyLoops, type Duty } from '@millrace/scheduling';
import { Module, type OnModuleInit } from '@nestjs/common';
import { ModuleRef } from '@nestjs/core';
import { DispatchCommitted } from './dispatch-committed';
import { ExpirePending } from './expire-pending';
import { FoldCounts } from './fold-counts';
import { ForgetSilentWorkers } from './forget-silent-workers';
import { KnownQueues } from './known-queues';
import { PromoteDue } from './promote-due';
import { PruneFinished } from './prune-finished';
import { RecordUnrecorded } from './record-unrecorded';
import { RecoverLost } from './recover-lost';
import { RequeueFresh } from './requeue-fresh';
import { RequeueMissing } from './requeue-missing';
import { SweepLandings } from './sweep-landings';
import { VacuumLive } from './vacuum-live';
import { WatchEpoch } from './watch-epoch';
import { Witnesses } from './witnesses';

/** Every duty that has a loop, beside those of schedules. */
const DUTIES = [
  WatchEpoch,
  RecoverLost,
  DispatchCommitted,
  RequeueFresh,
  RequeueMissing,
  RecordUnrecorded,
  ExpirePending,
  PromoteDue,
  SweepLandings,
  FoldCounts,
  VacuumLive,
  ForgetSilentWorkers,
];

@Module({
  providers: [...DUTIES, KnownQueues, Witnesses, PruneFinished],
  exports: [PruneFinished],
})
export class DutiesModule implements OnModuleInit {
  constructor(
    private readonly loops: DutyLoops,
    private readonly module: ModuleRef,
  ) {}

  onModuleInit(): void {
    this.loops.add(DUTIES.map((duty) => this.module.get<Duty>(duty)));
  }
}

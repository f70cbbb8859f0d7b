import { LoopWatch, Metrics } from '@millrace/runtime';
import { Module } from '@nestjs/common';
import { DeclareSchedules } from '../scheduling/declare-schedules';
import { FireDue } from '../scheduling/fire-due';
import { HoldFunctions } from '../scheduling/hold-functions';
import { ReleaseWaiting } from '../scheduling/release-waiting';
import { SchedulingModule } from '../scheduling/scheduling.module';
import type { Duty } from './duty';
import { DutyLoops } from './duty-loops';
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
import { WatchEpoch } from './watch-epoch';
import { Witnesses } from './witnesses';

/** Every duty that has a loop. */
const DUTIES = [
  DeclareSchedules,
  FireDue,
  ReleaseWaiting,
  HoldFunctions,
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
  ForgetSilentWorkers,
];

@Module({
  imports: [SchedulingModule],
  providers: [
    ...DUTIES,
    KnownQueues,
    Witnesses,
    PruneFinished,
    {
      provide: DutyLoops,
      inject: [Metrics, LoopWatch, ...DUTIES],
      useFactory: (metrics: Metrics, watch: LoopWatch, ...duties: Duty[]) => new DutyLoops(duties, metrics, watch),
    },
  ],
  exports: [DutyLoops, PruneFinished],
})
export class DutiesModule {}

import type { Mutant } from '@millrace/contracts';
import type { Scenario } from '../scenario';
import { apiKill } from '../scenarios/api-kill';
import { exclusiveFunctions } from '../scenarios/exclusive-functions';
import { hostileHandlers } from '../scenarios/hostile-handlers';
import { postgresKill } from '../scenarios/postgres-outage';
import { schedulers } from '../scenarios/schedulers';
import { copiedEntries, lateWorkers, lostTwice } from './hints';
import { heldWork, staleRescuer, zombie } from './ownership';
import { cancelledWork, delayedWork, operatedWork, shortGrace } from './promises';

/** A scenario that a platform passes as it is, and that each of these mutants must fail. */
export interface Trial {
  readonly mutants: readonly Mutant[];
  readonly scenario: Scenario;
  /** Which services are mutants. Default all. */
  readonly where?: 'workers';
}

export const TRIALS: readonly Trial[] = [
  { mutants: ['no_fence'], scenario: zombie },
  { mutants: ['rescue_without_condition'], scenario: staleRescuer },
  { mutants: ['claim_without_lease', 'ack_before_record'], scenario: heldWork },
  { mutants: ['no_epoch_check'], scenario: lostTwice },
  { mutants: ['no_gate'], scenario: copiedEntries },
  { mutants: ['rescue_on_silence'], scenario: lateWorkers },
  { mutants: ['client_clock'], scenario: delayedWork, where: 'workers' },
  { mutants: ['cancel_overwrites_success'], scenario: cancelledWork },
  { mutants: ['cancel_forgotten', 'retry_of_success'], scenario: operatedWork },
  { mutants: ['shutdown_spends_retry'], scenario: shortGrace },
  { mutants: ['promise_before_commit'], scenario: { ...postgresKill, long: { cycles: 2, tasks: 200 } } },
  { mutants: ['no_isolation'], scenario: { ...hostileHandlers, long: { cycles: 1, tasks: 50 } }, where: 'workers' },
  { mutants: ['slot_twice'], scenario: { ...schedulers, long: { cycles: 2, tasks: 20 } } },
  { mutants: ['overlap_unseen'], scenario: { ...exclusiveFunctions, long: { cycles: 1, tasks: 10 } } },
  { mutants: ['partial_bulk'], scenario: { ...apiKill, long: { cycles: 10, tasks: 20_000 } } },
];

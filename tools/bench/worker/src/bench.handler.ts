import { TaskHandler, type Handler } from '@millrace/runner';
import { Injectable } from '@nestjs/common';
import { Stamps } from '../../compare/host/src/stamps';
import type { BenchPayload } from '../../compare/host/src/system';

/** Does what the handlers of all measured systems do. */
@Injectable()
@TaskHandler('bench')
export class BenchHandler implements Handler<BenchPayload, void> {
  constructor(private readonly stamps: Stamps) {}

  handle(payload: BenchPayload): Promise<void> | void {
    return this.stamps.handle(payload);
  }
}

import type { Type } from '@nestjs/common';
import type { Handler } from '@millrace/runner';
import type { BUILTIN_TYPES } from '../builtin-types';
import { CleanupFilesHandler } from './cleanup-files.handler';
import { HttpRequestHandler } from './http-request.handler';
import { NoopHandler } from './noop.handler';
import { QueueInspectionHandler } from './queue-inspection.handler';
import { SendEmailHandler } from './send-email.handler';

/** The handlers that come with the worker, by type. */
export const BUILTIN_HANDLERS: Readonly<Record<(typeof BUILTIN_TYPES)[number], Type<Handler>>> = {
  http_request: HttpRequestHandler,
  send_email: SendEmailHandler,
  cleanup_files: CleanupFilesHandler,
  queue_inspection: QueueInspectionHandler,
  noop: NoopHandler,
};

/** Your own handlers: write a class in this folder and list it here; see docs/handlers.md. */
export const OWN_HANDLERS: readonly Type<Handler<never>>[] = [];

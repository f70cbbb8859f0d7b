/** The task types that come with the worker; `WORKER_BUILTIN_TYPES` chooses among them. */
export const BUILTIN_TYPES = ['http_request', 'send_email', 'cleanup_files', 'queue_inspection', 'noop'] as const;

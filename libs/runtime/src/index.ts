export { findApiKey, MAKE_A_KEY, parseApiKeys, type ApiKey } from './api-keys';
export { ARTIFACT_FOLDERS_TEXT, artifactFolders } from './artifact-folders';
export { bootstrap, CLOSING_MS, type ServiceOptions } from './bootstrap';
export { environment, InvalidConfig, loadConfig, type CrossChecked, type Environment } from './config';
export { createService, type ServiceParts } from './create-service';
export { describeConfig, helpText, nearMisses, type VariableDoc } from './describe-config';
export type { Principal } from './http-hooks';
export { JsonLogger } from './json-logger';
export { LoopWatch, type LoopReport, type SilentLoop, type WatchedLoop } from './loop-watch';
export { Series } from './series-histogram';
export { Metrics, type MetricOptions } from './metrics';
export { Periodic, type PeriodicOptions } from './periodic';
export {
  answerTo,
  HttpProblem,
  invalidRequest,
  type ErrorTable,
  type FieldProblem,
  type ProblemDetails,
  type ProblemInit,
} from './problem';
export { sendProblem } from './problem.filter';
export { CellDuty, ISOLATED_ARGUMENT, Program, type ProgramRole } from './program';
export { BodyLimit, Public } from './public';
export { Readiness, type ReadinessCheck } from './readiness';
export { ServiceConfig } from './service.config';
export { DurationSetting, IsDuration, Setting, type SettingOptions } from './setting';
export { Shutdown } from './shutdown';
export { parseStrictJson } from './strict-json';
export { TextBody, TextContent, type TextType } from './text-body';
export { StoreHealth, storeHealth, type StoreHealthParts, type StoreProbes } from './store-health';

export { parseStudy, type StudyConfig, studySchemas } from "./config.ts";
export type { FailedJob, StudyEvent } from "./run-jobs.ts";
export {
  type StudyMetrics,
  type StudyModelMetrics,
  type StudyOptions,
  study,
  studyJets,
  studyMuons,
} from "./task.ts";

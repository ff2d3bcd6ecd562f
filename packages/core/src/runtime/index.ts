/**
 * Parts for anyone who writes a runtime whose plugins run elsewhere, in a thread or a process. Not needed to use one.
 *
 * @packageDocumentation
 */

export { longestTimerMs } from '../clock.ts'
export { foreignFields } from '../foreign-fields.ts'
export { type LivenessInit, liveness } from '../liveness.ts'
export { untilAborted } from '../until-aborted.ts'
export { carried } from './carried.ts'
export { failureToStart } from './failure-to-start.ts'
export { isSecretName, maskError, maskingLogger, maskText, maskValue } from './masking.ts'
export { RemoteCall, type RemoteCallLine } from './remote-call.ts'
export { type RemoteErrors, remoteErrors } from './remote-errors.ts'
export { type RemoteInit, RemoteInstance } from './remote-instance.ts'
export type {
  Guarded,
  RemoteDescription,
  RemoteEnds,
  RemoteGuard,
  RemoteLine,
  RemoteQuestion,
  RemoteQuestions,
} from './remote-line.ts'
export type { PushHandler } from './remote-requests.ts'

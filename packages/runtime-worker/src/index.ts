/**
 * Plugins in any language for a Backplane host, each in a supervised process of its own that speaks a small protocol of
 * JSON messages. A process contains crashes, hangs and leaks of its plugin; it is not a sandbox, so install only what
 * you would run yourself.
 *
 * @packageDocumentation
 */
export {
  protocolVersion,
  type RemoteProcessInit,
  remoteProcess,
  type WorkerInit,
} from './remote-process.ts'
export type { WorkerSection } from './section.ts'
export { type WorkerDevice, type WorkerRuntimeInit, workerRuntime } from './worker-runtime.ts'

/**
 * Python plugins for a Backplane host, unchanged: Device Connect capability folders and Fledge plugins, each in a
 * supervised process of its own. A process contains crashes, hangs and leaks of its plugin; it is not a sandbox, so
 * install only what you would run yourself.
 *
 * @packageDocumentation
 */
export type { PushHandler } from '@backplane/core/runtime'
export type { InstallProgress, PythonDependencies } from './environment/environments.ts'
export { type FledgeErrorCode, fledgeErrorCatalogue, type PythonErrorCode, pythonErrorCatalogue } from './errors.ts'
export type { FledgeCallOptions } from './fledge/called.ts'
export {
  type FledgeNotification,
  type FledgePlugin,
  fledgePlugin,
  type Sent,
  type SetPoint,
} from './fledge/fledge-plugin.ts'
export type { Reading, ReadingInput } from './fledge/reading.ts'
export {
  type PythonConnection,
  type PythonDevice,
  type PythonRuntimeComponents,
  type PythonRuntimeInit,
  pythonRuntime,
} from './python-runtime.ts'
export { runningInstance } from './running.ts'
export { type PythonSurface, pythonSurface } from './surface.ts'

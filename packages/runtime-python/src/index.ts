/**
 * A runtime python for plugin hosts built with Backplane.
 *
 * @packageDocumentation
 */
export {
  type RuntimePython,
  type RuntimePythonComponents,
  type RuntimePythonInit,
  runtimePython,
} from './runtime-python.ts'

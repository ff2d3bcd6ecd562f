import type { Limits } from '@backplane/core'
import { type CommandSpec, processRunner, type RunnerFactory } from '../client/runner.ts'

/** The limits that {@link limitedRunner} sets where the system has them. */
export const enforcedLimits = process.platform === 'win32' ? [] : (['limits.cpu_seconds', 'limits.open_files'] as const)

/**
 * Starts plugins under the system's limits, which a shell sets before it becomes the plugin. Memory is not among them:
 * an address space limit stops Go and Node at start, since they reserve far more than they use.
 */
export function limitedRunner(limits: Limits | undefined): RunnerFactory {
  if (process.platform === 'win32') return processRunner
  const settings = [
    limits?.cpu_seconds === undefined ? '' : `ulimit -t ${Math.ceil(limits.cpu_seconds)}`,
    limits?.open_files === undefined ? '' : `ulimit -n ${limits.open_files}`,
  ].filter((setting) => setting !== '')
  if (settings.length === 0) return processRunner
  return (spec: CommandSpec) =>
    processRunner({
      ...spec,
      command: '/bin/sh',
      args: ['-c', `${settings.join(' && ')} && exec "$0" "$@"`, spec.command, ...spec.args],
    })
}

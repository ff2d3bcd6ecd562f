import { handshakeError } from '../errors.ts'
import type { PluginClientInit } from './init.ts'

/**
 * Refuses options that contradict each other, in go-plugin's words where it has some.
 *
 * @throws BP_HANDSHAKE_CONFIG
 */
export function checkInit(init: PluginClientInit): void {
  const refuse = (reason: string) => handshakeError('BP_HANDSHAKE_CONFIG', { details: { reason } })
  const ways = [init.command !== undefined || init.runner !== undefined, init.reattach !== undefined].filter(Boolean)
  if (ways.length !== 1) throw refuse('exactly one of Cmd, or Reattach, or RunnerFunc must be set')
  if (init.reattach && init.secure) throw refuse('only one of Reattach or SecureConfig can be set')
  if (init.reattach && init.multiplex) throw refuse('gRPC broker multiplexing is not supported with Reattach config')
  if (init.reattach && init.autoMtls) {
    throw refuse('autoMtls makes certificates at a start; a reattached plugin needs those of its own (reattach.tls)')
  }
  const pid = init.reattach?.pid
  // Signals to 0 and to negative numbers reach whole groups of processes.
  if (pid !== undefined && !(Number.isInteger(pid) && pid > 0)) throw refuse(`reattach.pid is ${pid}, not a process id`)
  const { startTimeoutMs, gracePeriodMs, health, retry } = init
  const times = {
    startTimeoutMs,
    gracePeriodMs,
    'health.intervalMs': health?.intervalMs,
    'health.timeoutMs': health?.timeoutMs,
    'retry.backoffMs': retry?.backoffMs,
    'retry.maxBackoffMs': retry?.maxBackoffMs,
    'retry.totalMs': retry?.totalMs,
  }
  for (const [name, ms] of Object.entries(times)) {
    if (ms !== undefined && !(typeof ms === 'number' && ms >= 0)) {
      throw refuse(`${name} is ${ms}, not a number of milliseconds`)
    }
  }
  if (init.autoMtls && init.tls) throw refuse('only one of autoMtls or tls can be set')
  if (init.handshake.cookieKey === '' || init.handshake.cookieValue === '') {
    throw refuse('handshake needs a cookieKey and a cookieValue')
  }
  const versions = Object.keys(init.versionedPlugins ?? {})
  const bad = versions.find((version) => !/^\d+$/.test(version))
  if (bad !== undefined) throw refuse(`versionedPlugins has the key "${bad}", which is not a version number`)
}

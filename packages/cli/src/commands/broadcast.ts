import { BackplaneError } from '@backplane/core'
import type { BroadcastOptions } from '@backplane/mesh-device-connect'
import { withClient } from '../client.ts'
import type { CommandContext } from '../context.ts'
import { countOf } from '../count.ts'
import { cliError } from '../errors.ts'
import { jsonFlag } from '../json-flag.ts'
import type { Flags } from '../settings.ts'
import { Shown, shown } from '../shown.ts'

interface BroadcastFlags extends Flags {
  readonly params: string
  readonly select?: string
  readonly where?: string
  readonly bindings?: string
  readonly at?: string
  readonly late?: string
  readonly until?: string
  readonly timeout?: string
}

/** How long replies are awaited where nobody says, in milliseconds: that no more come cannot be known. */
const patienceMs = '5000'

/** Calls a function of many devices and prints their replies as they come, one line each. */
export async function broadcast(name: string, flags: BroadcastFlags, { io, reporter }: CommandContext): Promise<void> {
  const params = jsonFlag('--params', flags.params)
  const { select, where, late } = flags
  const options: BroadcastOptions = {
    signal: io.signal,
    ...(where === undefined ? {} : { where }),
    ...(flags.bindings === undefined ? {} : { bindings: jsonFlag('--bindings', flags.bindings) }),
    ...(late === undefined ? {} : { late: lateOf(late) }),
    ...(flags.until === undefined ? {} : { until: countOf('--until', flags.until) }),
  }
  const at = flags.at === undefined ? undefined : timeOf(flags.at)
  let replies = 0
  let failed = 0
  await withClient({ ...flags, timeout: flags.timeout ?? patienceMs }, io, reporter, async ({ mesh, timeoutMs }) => {
    const targets: string[] = []
    if (select !== undefined) {
      reporter.progress(shown`Looking for devices …`)
      for await (const { deviceId } of mesh.devices(select, { timeoutMs, signal: io.signal })) targets.push(deviceId)
      if (targets.length === 0) throw cliError('BP_CLI_NOBODY_SELECTED', { details: { selector: select } })
    }
    reporter.progress(shown`Calling ${name} …`)
    const when = at === undefined ? {} : { fireAt: at() }
    const meant = select === undefined ? {} : { targets }
    for await (const reply of mesh.broadcast(name, params, { ...options, ...meant, ...when, timeoutMs })) {
      replies++
      if (reply.ok) {
        const { device, result, firedAt } = reply
        reporter.result({ device, ok: true, result, firedAt }, shown`${device} ${Shown.json(result)}`)
      } else {
        failed++
        const { code, message } = BackplaneError.from(reply.error)
        const { device, firedAt } = reply
        const said = { device, ok: false, error: { code, message }, firedAt }
        reporter.result(said, shown`${device} failed: ${message} [${code}]`)
      }
    }
  })
  if (replies === 0) throw cliError('BP_CLI_NO_REPLY', { details: { name } })
  if (failed > 0) throw cliError('BP_CLI_SOME_FAILED', { details: { name, failed, replies } })
}

/**
 * Gives the moment, in milliseconds since the epoch: a time as in ISO 8601, or so many seconds from when it is asked.
 */
function timeOf(text: string): () => number {
  const seconds = /^\+(\d+(?:\.\d+)?)$/.exec(text)?.[1]
  if (seconds !== undefined) return () => Date.now() + Number(seconds) * 1000
  const time = Date.parse(text)
  if (Number.isFinite(time)) return () => time
  const reason = `--at: '${text}' is no time such as 2026-11-22T08:00:00Z or +10.`
  throw cliError('BP_CLI_USAGE', { details: { reason } })
}

function lateOf(text: string): 'skip' | 'fire' {
  if (text === 'skip' || text === 'fire') return text
  throw cliError('BP_CLI_USAGE', { details: { reason: `--late: '${text}' is neither skip nor fire.` } })
}

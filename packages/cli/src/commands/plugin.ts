import { inspectPlugin, type PluginFacts } from '@backplane/handshake-grpc'
import type { CommandContext } from '../context.ts'
import { cliError } from '../errors.ts'
import { Shown, shown } from '../shown.ts'
import { table } from '../table.ts'

/** Flags of `backplane plugin`. */
export interface PluginFlags {
  /** `KEY=VALUE`. */
  readonly cookie?: string
  /** `NAME=VALUE`, any number of times. */
  readonly env?: readonly string[]
  /** Milliseconds, as text. */
  readonly timeout?: string
}

/** Starts a go-plugin binary, says what it negotiated and offers, and ends it. */
export async function plugin(
  action: string,
  [command = '', ...args]: readonly string[],
  flags: PluginFlags,
  { reporter }: CommandContext,
): Promise<void> {
  if (action !== 'inspect') throw usage(`there is no 'plugin ${action}'; there is 'plugin inspect -- COMMAND'`)
  const cookie = flags.cookie === undefined ? undefined : /^([^=]+)=(.+)$/.exec(flags.cookie)
  if (cookie === null) throw usage('--cookie must be KEY=VALUE')
  if (flags.timeout !== undefined && !/^[1-9]\d*$/.test(flags.timeout)) throw usage('--timeout must be milliseconds')
  const env = (flags.env ?? []).map((text) => {
    const at = text.indexOf('=')
    if (at < 1) throw usage('--env must be NAME=VALUE')
    return [text.slice(0, at), text.slice(at + 1)] as const
  })
  reporter.progress(shown`Starting ${command} ...`)
  const facts = await inspectPlugin({
    command,
    args,
    logger: reporter.logger('error'),
    ...(cookie && { cookie: { key: cookie[1] ?? '', value: cookie[2] ?? '' } }),
    ...(env.length > 0 && { env: Object.fromEntries(env) }),
    ...(flags.timeout !== undefined && { startTimeoutMs: Number(flags.timeout) }),
  })
  reporter.result(facts, textOf(facts))
}

function textOf(facts: PluginFacts): Shown {
  const lines = [
    shown`Protocol   ${facts.protocol}, version ${facts.version}`,
    shown`Address    ${facts.network} ${facts.address}`,
    shown`AutoMTLS   ${facts.autoMtls ? 'yes' : 'no'}`,
    shown`Multiplex  ${facts.multiplex ? 'yes' : 'no'}`,
    shown`Health     ${facts.health}`,
    shown`Started in ${Math.round(facts.startMs)} ms`,
    shown`Services   ${facts.allServices.join(', ') || 'not told: it has no reflection'}`,
  ]
  const rows = facts.services.flatMap(({ name, methods }) =>
    methods.map((method) => [`${name}/${method.name}`, method.kind, method.input, method.output]),
  )
  const head = Shown.join(lines, '\n')
  return rows.length === 0 ? head : shown`${head}\n\n${table(['METHOD', 'KIND', 'TAKES', 'GIVES'], rows)}`
}

function usage(reason: string) {
  return cliError('BP_CLI_USAGE', { details: { reason, command: 'plugin' } })
}

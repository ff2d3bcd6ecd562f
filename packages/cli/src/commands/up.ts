import { existsSync } from 'node:fs'
import { BackplaneError, type FunctionDescriptor, type HostEvent, type Logger, systemClock } from '@backplane/core'
import { stringifyJson } from '@backplane/core/json'
import { isSecretName, maskText } from '@backplane/core/runtime'
import { rationedLogger } from '@backplane/core/transport'
import type { LoadReport, PresetHost } from '@backplane/host'
import { noBridge } from '../client.ts'
import type { CommandContext } from '../context.ts'
import { cliError } from '../errors.ts'
import { portOf, serveFledgeRest } from '../fledge-rest.ts'
import type { CliIo } from '../io.ts'
import { aborted, pause } from '../pause.ts'
import { hostOf } from '../preset.ts'
import type { Reporter } from '../reporter.ts'
import { type Flags, readSettings, type Settings } from '../settings.ts'
import { Shown, shellWord, shown } from '../shown.ts'

/** How long the overview waits for plugins to come up, in milliseconds. */
const patienceMs = 5_000

/** Flags of `up` that are no settings: they say how this one run goes. */
export interface UpFlags extends Flags {
  /** How long to try again while the network cannot be reached: seconds, or `true` for as long as it takes. */
  readonly wait?: string | boolean
  /** Port on 127.0.0.1 of Fledge's configuration routes. */
  readonly fledgeRest?: string
}

/** How long between two tries to reach the network, in milliseconds. */
const retryMs = 1_000

/** Runs a host until it is told to stop. */
export async function up(flags: UpFlags, { io, reporter }: CommandContext): Promise<void> {
  // Commander gives `autoLoad: true` where --no-auto-load is absent, which must not outrank the environment.
  const settings = readSettings({ ...flags, ...(flags.autoLoad === false ? {} : { autoLoad: undefined }) } as Flags, io)
  const { preset, plugins, brokerPort } = settings
  const waitMs = waitOf(flags.wait)
  const restPort = flags.fledgeRest === undefined ? undefined : portOf('--fledge-rest', flags.fledgeRest)
  const host = await hostOf(settings, io, reporter.logger(settings.logLevel))
  const { deviceId, tenant = 'default' } = host.identity
  try {
    tellOfSecrets(io, reporter.logger(settings.logLevel))
    reporter.progress(shown`Starting …`)
    await startHost(host, waitMs, io, reporter).catch((error) => {
      throw preset === 'edge' ? noBridge(error, settings.bridge) : portInUse(error, brokerPort)
    })
    const loaded: LoadReport[] = []
    const failed: LoadReport[] = []
    let told = false
    const loading = host.loadAll({
      signal: io.signal,
      onReport: (report) => {
        if (io.signal.aborted) return
        if (told) late(report, reporter)
        else (report.plugin ? loaded : failed).push(report)
        if (!told) reporter.progress(shown`Loaded ${report.id} …`)
      },
    })
    // A plugin that does not come up in time must not keep the rest from being used.
    await Promise.race([loading, pause(patienceMs, io.signal)])
    told = true
    // Anyone who waits for the line that the host is up must not take a host that stops for one.
    if (io.signal.aborted) {
      await loading
      return
    }
    const address = host.mesh?.address ?? ''
    const starting = host.plugins().flatMap(({ id, generation }) => (generation === 0 ? [id] : []))
    reporter.result(
      { preset, deviceId, tenant, address, plugins, loaded: loaded.map(facts), failed: failed.map(facts), starting },
      shown`Backplane host '${deviceId}' (tenant '${tenant}') on ${address}\n`,
    )
    for (const { id, error } of failed) if (error) reporter.warn(error, shown`Not loaded: ${id}. `)
    reporter.note(overview(loaded, plugins))
    for (const id of starting) reporter.note(shown`  ${id} is still starting`)
    reporter.note(nextStep(host, settings, address))
    tellOfLosses(host, reporter.logger(settings.logLevel))
    await using _rest = restPort === undefined ? undefined : await serveFledgeRest(host.config, restPort, reporter)
    await loading
    // What was loaded until here stands in the overview; from here on each event has its line.
    host.on((event) => tellOfEvent(event, reporter))
    await aborted(io.signal)
    reporter.note(shown`Stopping '${deviceId}' …`)
  } finally {
    await host.stop()
  }
}

/** Starts it; while its network cannot be reached, again and again until the time is over. */
async function startHost(host: PresetHost, waitMs: number, io: CliIo, reporter: Reporter): Promise<void> {
  const until = Date.now() + waitMs
  let isTold = false
  for (;;) {
    try {
      return await host.start({ signal: io.signal })
    } catch (thrown) {
      const error = BackplaneError.from(thrown)
      const isAway = error.code === 'BP_CONNECT_FAILED' || error.code === 'BP_TIMEOUT'
      if (!isAway || Date.now() >= until || io.signal.aborted) throw thrown
      if (!isTold) reporter.warn(error, shown`Waiting for the network. `)
      isTold = true
      await pause(Math.min(retryMs, until - Date.now()), io.signal)
    }
  }
}

/** Throws `BP_CLI_USAGE` for what is no number of seconds. */
function waitOf(given: string | boolean | undefined): number {
  if (given === undefined || given === false) return 0
  if (given === true) return Number.POSITIVE_INFINITY
  const seconds = Number(given)
  if (given !== '' && seconds >= 0) return seconds * 1000
  throw cliError('BP_CLI_USAGE', { details: { reason: `--wait: '${given}' is no number of seconds.` } })
}

/** One line for each thing that happens to a plugin while the host runs. */
function tellOfEvent(event: HostEvent, reporter: Reporter): void {
  if (!('plugin' in event)) return
  const { id, functions, restarts } = event.plugin
  const names = functions.map(({ name }) => name).join(', ') || 'no functions'
  if (event.type === 'plugin.loaded') reporter.note(shown`Loaded ${id}: ${names}`)
  if (event.type === 'plugin.swapped') reporter.note(shown`Reloaded ${id}: ${names}`)
  if (event.type === 'plugin.unloaded') reporter.note(shown`Unloaded ${id}`)
  if (event.type === 'plugin.restarted') reporter.note(shown`Restarted ${id} (${restarts} in this period)`)
  if (event.type === 'plugin.quarantined') reporter.warn(event.error)
}

/** Plugins are about to run as this user, who could not be kept from reading what the command was started with. */
function tellOfSecrets({ env, environmentHidden }: CliIo, logger: Logger): void {
  if (environmentHidden !== false) return
  const names = Object.entries(env).flatMap(([name, value = '']) =>
    isSecretName(name) || maskText(value) !== value ? [name] : [],
  )
  if (names.length === 0) return
  const next = 'give credentials by a file that only this user may read (--credentials)'
  logger.warn({ names, next }, 'programs of this user can read secrets in the environment of the host')
}

/** A host goes on alone while the network is away; anyone who watches it must not find that out from its callers. */
function tellOfLosses(host: PresetHost, logger: Logger): void {
  let last = ''
  let lost = 0
  // What is tried again and again would say the same again and again.
  const say = (text: string) => {
    if (text !== last) logger.warn(text)
    last = text
  }
  const rationed = rationedLogger(logger, 1, systemClock)
  host.mesh?.onStatus((event) => {
    if (event.type === 'error') say(event.error.message)
    if (event.type === 'slow') {
      const { dropped, subject, reason = 'its handler is too slow' } = event
      lost += dropped
      rationed.warn({ subject, dropped, reason, total: lost }, 'messages were lost')
    }
    if (event.type === 'disconnected') say('The mesh is away; it is tried again.')
    if (event.type === 'connected') say('The mesh is back.')
  })
}

/** What came after the overview: it is said when it happens. */
function late({ id, plugin, error }: LoadReport, reporter: Reporter): void {
  if (error) reporter.warn(error, shown`Not loaded: ${id}. `)
  else reporter.note(shown`Loaded ${id}: ${plugin?.functions.map(({ name }) => name).join(', ') ?? ''}`)
}

/** Users who meet a taken port mostly want to use what runs there. */
function portInUse(error: unknown, port: number): unknown {
  if (!(error instanceof BackplaneError) || error.code !== 'BP_PORT_IN_USE') return error
  const next = `Join what runs there with --nats nats://127.0.0.1:${port}, or take a free port with --broker-port 0.`
  return BackplaneError.revive({ ...error.toJSON(), next })
}

function facts({ id, plugin, error }: LoadReport): object {
  if (error) return { id, error: { code: error.code, message: error.message, next: error.next } }
  return { id, functions: plugin?.functions.map((fn) => fn.name), events: plugin?.events.map((event) => event.name) }
}

function overview(loaded: readonly LoadReport[], plugins: string): Shown {
  if (loaded.length === 0) {
    const missing = existsSync(plugins) ? '' : ', which is not there'
    const write = shown`npx backplane new my-plugin --dir ${shellWord(plugins)}, then npx backplane load my-plugin`
    return shown`No plugin is loaded; they are looked for in ${plugins}${missing}\nWrite one: ${write}`
  }
  const width = Math.max(...loaded.map(({ id }) => id.length))
  const lines = loaded.map(({ id, plugin }) => {
    const names = plugin?.functions.map((fn) => fn.name).join(', ') || 'no functions'
    return shown`  ${id.padEnd(width)}  ${names}`
  })
  return shown`Loaded plugins and their functions:\n${Shown.join(lines, '\n')}`
}

/** A command that works as it stands, on something that is really there. */
function nextStep(host: PresetHost, settings: Settings, address: string): Shown {
  const { preset, nats, bridge, credentials, discoveryMode, from } = settings
  const reachable = new Set(host.advertisement.functions.map(({ name }) => name))
  const known = host.plugins().flatMap(({ functions }) => functions.filter(({ name }) => reachable.has(name)))
  const greeting = known.filter(({ name }) => name === 'hello_world')
  const [call = ['list']] = [...greeting, ...known].flatMap((fn) => {
    const params = paramsOf(fn)
    return params ? [['invoke', fn.name, ...params]] : []
  })
  const { deviceId, tenant = 'default' } = host.identity
  const identity = [
    ...(tenant === 'default' ? [] : ['--tenant', tenant]),
    ...(deviceId === 'plugin-host-1' ? [] : ['--device', deviceId]),
  ]
  const where = {
    local: [...(nats !== undefined || !address.endsWith(':4222') ? ['--nats', address] : []), ...identity],
    edge: [...(from.bridge === 'default' ? ['--preset', 'edge'] : ['--bridge', bridge]), ...identity],
    // Its credentials tell its clients the rest.
    portal: from.credentials === '--credentials' ? ['--credentials', String(credentials)] : ['--preset', 'portal'],
  }[preset]
  if (from.discoveryMode === '--discovery-mode') where.push('--discovery-mode', String(discoveryMode))
  const words = [...call, ...where].map(shellWord).join(' ')
  return shown`\nTry, in another terminal:\n  npx backplane ${words}\n\nCtrl+C stops the host.`
}

/** Values that stand for parameters of these types. */
const samples: Readonly<Record<string, unknown>> = { string: 'text', number: 1, integer: 1, boolean: true }

/**
 * What follows a function's name so that the call works: nothing where it needs nothing, `undefined` where that cannot
 * be told.
 */
function paramsOf({ parameters = {} }: FunctionDescriptor): string[] | undefined {
  const { properties = {}, required = [] } = parameters as {
    properties?: Record<string, { type?: string }>
    required?: string[]
  }
  const params: Record<string, unknown> = {}
  // The greeting of the example has a name that need not be given.
  if (properties.name?.type === 'string') params.name = 'plugin'
  for (const name of required) {
    params[name] ??= samples[properties[name]?.type ?? '']
    if (params[name] === undefined) return undefined
  }
  return Object.keys(params).length === 0 ? [] : ['--params', stringifyJson(params)]
}

import { readFile, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { buffer as readAll } from 'node:stream/consumers'
import { messageOf } from '@backplane/core'
import {
  assemblyBindings,
  type BindingsSource,
  callModule,
  inspectModule,
  type ModuleReport,
} from '@backplane/runtime-wasm'
import type { CommandContext } from '../context.ts'
import { cliError } from '../errors.ts'
import { Shown, shown } from '../shown.ts'
import { table } from '../table.ts'

/** Flags of `backplane wasm`. */
export interface WasmFlags {
  readonly input?: string
  readonly stdin?: boolean
  /** `KEY=VALUE`, each. */
  readonly config?: readonly string[]
  readonly allowHost?: readonly string[]
  readonly timeoutMs?: string
  /** MiB. */
  readonly maxMemory?: string
  readonly abi?: string
  /** `HOST:GUEST`, or one folder under its own path, each; `ro:` before it for reading only. */
  readonly allowPath?: readonly string[]
  /** `NAME=VALUE`, each. */
  readonly env?: readonly string[]
  readonly fuel?: string
  /** `NAME=FILE`, each. */
  readonly link?: readonly string[]
}

/** Says what a module is, or calls one of its functions under limits. */
export async function wasm(
  action: string,
  [file = '', name, ...args]: readonly string[],
  flags: WasmFlags,
  { io, reporter }: CommandContext,
): Promise<void> {
  const path = resolve(io.cwd, file)
  if (action === 'inspect' && name === undefined) {
    const bytes = await readFile(path).catch((cause) => {
      throw cliError('BP_CLI_USAGE', { details: { reason: messageOf(cause) }, cause })
    })
    const report = inspectModule(bytes)
    return reporter.result(report, textOf(report))
  }
  if (action === 'bindings' && name === undefined) return bindings(path, reporter)
  if (action !== 'call' || name === undefined)
    throw usage("use 'wasm inspect FILE', 'wasm call FILE FUNCTION' or 'wasm bindings FOLDER'")
  const { abi } = flags
  if (abi !== undefined && abi !== 'extism' && abi !== 'vyra' && abi !== 'component' && abi !== 'wasi')
    throw usage('--abi must be extism, vyra, component or wasi')
  const timeoutMs = number(flags.timeoutMs, '--timeout-ms')
  const memory = number(flags.maxMemory, '--max-memory')
  const fuel = number(flags.fuel, '--fuel')
  const input = flags.stdin ? await readAll(process.stdin) : (flags.input ?? '')
  const { output, stats } = await callModule(path, name, input, {
    config: Object.fromEntries((flags.config ?? []).map(pair('--config'))),
    env: Object.fromEntries((flags.env ?? []).map(pair('--env'))),
    link: Object.fromEntries((flags.link ?? []).map(pair('--link')).map(([as, from]) => [as, resolve(io.cwd, from)])),
    allowedPaths: (flags.allowPath ?? []).map((entry) => granted(io.cwd, entry)),
    args,
    allowedHosts: flags.allowHost ?? [],
    limits: {
      ...(timeoutMs === undefined ? {} : { timeoutMs }),
      ...(memory === undefined ? {} : { memoryPages: memory * 16 }),
      ...(fuel === undefined ? {} : { fuel }),
    },
    logger: reporter.logger('info'),
    signal: io.signal,
    ...(abi === undefined ? {} : { abi }),
  })
  reporter.bytes({ ...asJson(output), stats }, output)
}

/** Writes `host.ts` beside a plugin's manifest. */
async function bindings(folder: string, reporter: CommandContext['reporter']): Promise<void> {
  const unreadable = (cause: unknown) => cliError('BP_CLI_USAGE', { details: { reason: messageOf(cause) }, cause })
  const read = (name: string) => readFile(join(folder, name), 'utf8')
  const text = await read('manifest.json').catch(() =>
    read('metadata.json').catch((cause) => Promise.reject(unreadable(cause))),
  )
  let manifest: BindingsSource
  try {
    manifest = JSON.parse(text)
  } catch (cause) {
    throw unreadable(cause)
  }
  const file = join(folder, 'host.ts')
  const made = await assemblyBindings(manifest)
  await writeFile(file, made).catch((cause) => {
    throw cliError('BP_CLI_UNWRITABLE', { details: { path: file, reason: messageOf(cause) }, cause })
  })
  reporter.result({ file }, shown`Wrote ${file}`)
}

/** Bytes that are no UTF-8 are base64; `encoding` says which it is. */
function asJson(output: Uint8Array) {
  try {
    return { output: new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(output), encoding: 'utf8' }
  } catch {
    return { output: Buffer.from(output).toString('base64'), encoding: 'base64' }
  }
}

function granted(cwd: string, entry: string) {
  const readOnly = entry.startsWith('ro:')
  const path = readOnly ? entry.slice(3) : entry
  // The guest's path is what stands behind the last colon: a host's may have one (C:\\).
  const at = path.lastIndexOf(':')
  const [host, guest] = at > 1 ? [path.slice(0, at), path.slice(at + 1)] : [path, path]
  if (host === '' || guest === '') throw usage('--allow-path must be HOST:GUEST')
  return { host: resolve(cwd, host), guest, readOnly }
}

const pair =
  (flag: string) =>
  (entry: string): [string, string] => {
    const at = entry.indexOf('=')
    if (at < 1) throw usage(`${flag} must be NAME=VALUE`)
    return [entry.slice(0, at), entry.slice(at + 1)]
  }

function number(given: string | undefined, flag: string): number | undefined {
  if (given === undefined) return undefined
  if (!/^[1-9]\d*$/.test(given)) throw usage(`${flag} must be a whole number above 0`)
  return Number(given)
}

function textOf({ abi, bytes, functions, imports, memories, start }: ModuleReport): Shown {
  const memory = memories.map(({ initial, maximum }) => `${initial} to ${maximum ?? 'any number of'} pages`).join(', ')
  const parts = [
    abi === 'component'
      ? shown`Component, ${bytes} bytes`
      : shown`Convention ${abi}, ${bytes} bytes, memory: ${memory || 'none'}${start ? ', has a start function' : ''}`,
    table(
      ['FUNCTION', 'TAKES', 'GIVES'],
      functions.map((each) => [each.name, each.params.join(abi === 'component' ? ', ' : ' '), each.results.join(' ')]),
    ),
  ]
  const needs = imports.map((each) => [each.module, each.name, each.kind])
  if (needs.length > 0) parts.push(table(['IMPORTS', 'NAME', 'KIND'], needs))
  return Shown.join(parts, '\n\n')
}

function usage(reason: string) {
  return cliError('BP_CLI_USAGE', { details: { reason, command: 'wasm' } })
}

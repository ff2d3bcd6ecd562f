import { access, readFile, stat } from 'node:fs/promises'
import { basename, join, resolve } from 'node:path'
import { configManager } from '@backplane/config-manager'
import { BackplaneError, createHost, type Manifest, messageOf, type PluginStatus } from '@backplane/core'
import { type ManifestIssue, parseManifest, parseManifestText } from '@backplane/core/manifest'
import { nodeRuntime } from '@backplane/runtime-node'
import { pythonRuntime } from '@backplane/runtime-python'
import { wasmRuntime } from '@backplane/runtime-wasm'
import { workerRuntime } from '@backplane/runtime-worker'
import type { CommandContext } from '../context.ts'
import { cliError } from '../errors.ts'
import type { CliIo } from '../io.ts'
import { Shown, shown } from '../shown.ts'

/** What is found of a plugin folder; the keys are those of Device Connect's validator, so its users find their way. */
interface Finding {
  ok: boolean
  plugin_id: string
  path: string
  errors: string[]
  warnings: string[]
  functions: readonly string[]
  events: readonly string[]
  manifest: Manifest | null
}

const runtimes = [nodeRuntime(), wasmRuntime(), pythonRuntime(), workerRuntime()]

/** Loads a plugin in a host of its own, with no mesh, and says what is wrong. It runs the plugin's code. */
export async function validate(dir: string, _: object, { io, reporter }: CommandContext): Promise<void> {
  const path = resolve(io.cwd, dir)
  const finding: Finding = {
    ok: false,
    plugin_id: basename(path),
    path,
    errors: [],
    warnings: [],
    functions: [],
    events: [],
    manifest: null,
  }
  await inspect(finding, io)
  finding.ok = finding.errors.length === 0
  reporter.result(finding, report(finding))
  if (finding.ok) return
  const count = finding.errors.length
  throw cliError('BP_CLI_NOT_VALID', { details: { path, count, problems: count === 1 ? 'problem' : 'problems' } })
}

async function inspect(finding: Finding, io: CliIo): Promise<void> {
  const { path, errors } = finding
  if (!(await stat(path).catch(() => undefined))?.isDirectory()) return void errors.push(`not a directory: ${path}`)
  const text = await readFile(join(path, 'manifest.json'), 'utf8').catch(() => undefined)
  if (text === undefined) return recognise(finding, io)
  try {
    finding.manifest = parseManifestText(text, { folder: basename(path) })
  } catch (error) {
    const list = BackplaneError.from(error).details.list as readonly ManifestIssue[] | undefined
    const issues = list?.map((issue) => (issue.path ? `${issue.path}: ${issue.message}` : issue.message))
    return void errors.push(...(issues ?? [messageOf(error)]).map((issue) => `manifest.json: ${issue}`))
  }
  const { id, entry_point } = finding.manifest
  finding.plugin_id = id
  if (JSON.parse(text.replace(/^\uFEFF/, '')).id === undefined)
    finding.warnings.push(`manifest.json names no id; the folder's name is taken: ${id}`)
  if (entry_point !== undefined) {
    const found = await access(join(path, entry_point)).then(
      () => true,
      () => false,
    )
    if (!found) return void errors.push(`entry point not found: ${entry_point}`)
  }
  await tryLoad(finding, finding.manifest, io)
}

/** Some plugins have no manifest, and a runtime knows them all the same. */
async function recognise(finding: Finding, io: CliIo): Promise<void> {
  const { path, errors } = finding
  await using host = createHost({ identity: { deviceId: 'validate' }, runtimes })
  try {
    for (const runtime of host.runtimes) {
      const manifest = await runtime.recognise?.({ dir: path, name: basename(path) })
      if (manifest === undefined) continue
      finding.manifest = parseManifest(manifest, { folder: basename(path) })
      return tryLoad(finding, finding.manifest, io)
    }
  } catch (thrown) {
    return void errors.push(textOf(BackplaneError.from(thrown)))
  }
  errors.push('missing manifest.json')
}

async function tryLoad(finding: Finding, manifest: Manifest, { signal }: CliIo): Promise<void> {
  await using config = configManager()({})
  await using host = createHost({ identity: { deviceId: 'validate' }, runtimes, config: () => config })
  // What it depends on is not here, and whether it is elsewhere is not its fault.
  const { dependencies: _, ...alone } = manifest
  try {
    const { functions, events, unenforced }: PluginStatus = await host.load(
      { manifest: alone, dir: finding.path },
      { signal },
    )
    finding.functions = functions.map((fn) => fn.name)
    finding.events = events.map((event) => event.name)
    if (functions.length === 0) finding.warnings.push('it offers no functions')
    for (const name of unenforced) finding.warnings.push(`its runtime cannot enforce ${name}`)
  } catch (thrown) {
    const error = BackplaneError.from(thrown)
    if (error.code === 'BP_RUNTIME_MISSING') finding.warnings.push(`not loaded, only read: ${error.message}`)
    else finding.errors.push(textOf(error))
  }
}

/** An error as a finding: what is wrong, and what to do about it. */
function textOf({ message, code, next }: BackplaneError): string {
  return `${message} [${code}]${beforeNext}${next}`
}

const beforeNext = '\n  next: '

/** A finding for people: its next step stands on a line of its own, and no other line passes for one. */
function finding(kind: 'error' | 'warning', text: string): Shown {
  const at = text.lastIndexOf(beforeNext)
  if (at < 0) return shown`  ${kind}: ${Shown.block(text)}`
  return shown`  ${kind}: ${Shown.block(text.slice(0, at))}\n    next: ${Shown.block(text.slice(at + beforeNext.length))}`
}

function report({ ok, plugin_id, path, errors, warnings, functions, events }: Finding): Shown {
  const lines = [
    shown`${plugin_id} in ${path}: ${ok ? 'valid' : 'not valid'}`,
    ...errors.map((text) => finding('error', text)),
    ...warnings.map((text) => finding('warning', text)),
    ...(functions.length > 0 ? [shown`  functions: ${functions.join(', ')}`] : []),
    ...(events.length > 0 ? [shown`  events: ${events.join(', ')}`] : []),
  ]
  return Shown.join(lines, '\n')
}

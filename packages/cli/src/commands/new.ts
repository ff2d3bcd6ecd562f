import { mkdir, rm, writeFile } from 'node:fs/promises'
import { join, relative, resolve } from 'node:path'
import { coreError, messageOf } from '@backplane/core'
import type { CommandContext } from '../context.ts'
import { cliError } from '../errors.ts'
import { shellWord, shown } from '../shown.ts'
import { pluginTemplate } from '../template.ts'

interface NewFlags {
  readonly dir?: string
  readonly wasm?: boolean
  readonly python?: boolean
  readonly abi?: 'extism' | 'vyra' | 'component'
}

const pluginId = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/

/** Writes a plugin that works as it stands. */
export async function newPlugin(
  name: string,
  { dir = '.', wasm = false, python = false, abi }: NewFlags,
  { io, reporter }: CommandContext,
): Promise<void> {
  if (!pluginId.test(name) || name === 'host') throw coreError('BP_PLUGIN_ID_INVALID', { details: { plugin: name } })
  const folder = join(resolve(io.cwd, dir), name)
  const template = async () => {
    if (wasm) return (await import('@backplane/runtime-wasm')).starterFiles(name, abi)
    return python ? (await import('../python-template.ts')).pythonTemplate(name) : pluginTemplate(name)
  }
  const files = await template()
  await write(folder, files)
  const names = Object.keys(files)
  reporter.result({ plugin: name, folder, files: names }, shown`Wrote ${folder}: ${names.join(', ')}`)
  const place = shellWord(relative(io.cwd, folder))
  const build = wasm ? shown`  (cd ${place} && npm install && npm run build)\n` : shown``
  reporter.note(
    shown`\nNext:\n${build}  npx backplane validate ${place}\n  npx backplane up --plugins ${shellWord(dir)}   # add --broker-port 0 where a host runs already`,
  )
}

/** All files or none; what is there already is left as it is. */
async function write(folder: string, files: Readonly<Record<string, string>>): Promise<void> {
  const unwritable = (cause: NodeJS.ErrnoException) =>
    cliError('BP_CLI_UNWRITABLE', { details: { path: folder, reason: messageOf(cause) }, cause })
  await mkdir(resolve(folder, '..'), { recursive: true }).catch((cause) => {
    throw unwritable(cause)
  })
  await mkdir(folder).catch((cause) => {
    throw cause.code === 'EEXIST' ? cliError('BP_CLI_EXISTS', { details: { path: folder }, cause }) : unwritable(cause)
  })
  try {
    for (const [file, text] of Object.entries(files)) await writeFile(join(folder, file), text)
  } catch (cause) {
    await rm(folder, { recursive: true, force: true })
    throw unwritable(cause as NodeJS.ErrnoException)
  }
}

import { mkdir, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { coreError } from '@backplane/core'
import { cliError } from '../errors.ts'
import type { CommandContext } from '../program.ts'
import { pluginTemplate } from '../template.ts'

const pluginId = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/

/** Writes a plugin that works as it stands. */
export async function newPlugin(
  name: string,
  { dir = '.' }: { dir?: string },
  { io, reporter }: CommandContext,
): Promise<void> {
  if (!pluginId.test(name) || name === 'host') throw coreError('BP_PLUGIN_ID_INVALID', { details: { plugin: name } })
  const parent = resolve(io.cwd, dir)
  const folder = join(parent, name)
  await mkdir(parent, { recursive: true })
  await mkdir(folder).catch((cause) => {
    throw cause.code === 'EEXIST' ? cliError('BP_CLI_EXISTS', { details: { path: folder }, cause }) : cause
  })
  const files = pluginTemplate(name)
  for (const [file, text] of Object.entries(files)) await writeFile(join(folder, file), text)
  reporter.result(
    { plugin: name, folder, files: Object.keys(files) },
    `Wrote ${folder}: ${Object.keys(files).join(', ')}`,
  )
  const place = folder.startsWith(`${io.cwd}/`) ? folder.slice(io.cwd.length + 1) : folder
  reporter.note(`\nNext:\n  npx backplane validate ${place}\n  npx backplane up --plugins ${dir}`)
}

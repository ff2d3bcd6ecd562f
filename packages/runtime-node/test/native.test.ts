/** What Node's own loader does with plugins in each isolation; the test runner's loader is another. */
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { pluginFolder } from './harness.ts'

const script = `
import { writeFileSync } from 'node:fs'
import { createHost } from '@backplane/core'
import { nodeRuntime } from '@backplane/runtime-node'
const [isolation, dir] = process.argv.slice(1)
const host = createHost({ identity: { deviceId: 'box-1' }, runtimes: [nodeRuntime({ isolation })] })
const code = {
  'plugin.mjs': (n) => 'export const functions = { n: () => ' + n + ', where: () => import.meta.filename }',
  'plugin.cjs': (n) => 'module.exports = { functions: { n: () => ' + n + ', where: () => __filename } }',
  'plugin.ts': (n) => 'export default { functions: { n: (): number => ' + n + ', where: () => import.meta.filename } } as const',
}
const answers = []
for (const [file, text] of Object.entries(code)) {
  writeFileSync(dir + '/' + file, text(1))
  await host.load({ dir, manifest: { id: file, entry_point: file } })
  answers.push(await host.call(file + '.where'), await host.call(file + '.n'))
  writeFileSync(dir + '/' + file, text(2))
  await host.reload(file)
  answers.push(await host.call(file + '.n'))
}
await host.stop()
console.log(JSON.stringify(answers))
`

test.each(['worker', 'none'])(
  'isolation %s: runs ES modules, CommonJS and TypeScript, and reloads them',
  async (isolation) => {
    const { dir } = await pluginFolder('')
    const { stdout } = await promisify(execFile)(
      process.execPath,
      ['--conditions=@backplane/source', '--input-type=module', '-e', script, isolation, dir],
      { cwd: import.meta.dirname },
    )
    const path = (file: string) => join(dir, file)
    expect(JSON.parse(stdout)).toEqual([path('plugin.mjs'), 1, 2, path('plugin.cjs'), 1, 2, path('plugin.ts'), 1, 2])
  },
)

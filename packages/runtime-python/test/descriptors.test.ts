import { spawn } from 'node:child_process'
import { expect, test } from 'vitest'

const program = `
import { closeSync, openSync } from 'node:fs'
import { remoteProcess } from '${import.meta.resolve('@backplane/runtime-worker')}'
import { runProgram } from '${import.meta.resolve('../src/environment/run.ts')}'
const logger = { debug() {}, info() {}, warn() {}, error() {} }
const worker = () => new Promise((resolve) => {
  const init = { settings: { message_bytes: 1000 } }
  const remote = remoteProcess({ command: '/bin/true', args: [], cwd: '/', env: {}, init, context: { logger } })
  const line = remote.open({ receive() {}, ended: (reason) => line.exited.then(() => resolve(reason)) })
})
const run = async () => (await runProgram('/bin/true', [], { env: {}, timeoutMs: 5000 })).reason
const held = []
try { for (;;) held.push(openSync('/dev/null')) } catch {}
const told = []
// Of a child's pipes none, some, or all but one can be made.
for (let free = 0; free < 12; free++) {
  for (let n = 0; n < free; n++) closeSync(held.pop())
  told.push(await worker(), await run())
  try { for (;;) held.push(openSync('/dev/null')) } catch {}
}
for (const one of held) closeSync(one)
told.push('after', await worker(), await run())
console.log(JSON.stringify(told))
`

test.runIf(process.platform === 'linux')(
  'without descriptors for a child the process goes on, says why, and starts the next when there are some again',
  { timeout: 60_000 },
  async () => {
    const node = [process.execPath, '--conditions=@backplane/source', '--input-type=module', '-e', program]
    const child = spawn('/bin/sh', ['-c', 'ulimit -n 80; exec "$@"', 'sh', ...node], { stdio: 'pipe' })
    let out = ''
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (data) => {
        out += data
      })

    const code = await new Promise((resolve) => child.on('close', resolve))
    expect({ out, code }).toEqual({ out: expect.stringMatching(/^\[.*\]\n$/), code: 0 })
    const told: string[] = JSON.parse(out)
    const ended = /^it exited with code 0$/
    const refused = /no file descriptors left.*EMFILE/
    const [worker, run] = told
    expect(worker).toMatch(/^it could not be started: this process has no file descriptors left.*\(EMFILE\)$/)
    expect(run).toMatch(refused)
    for (const reason of told.slice(0, -3)) expect(refused.test(reason) || ended.test(reason)).toBe(true)
    expect(told.slice(-3)).toEqual(['after', 'it exited with code 0', 'it exited with code 0'])
  },
)

import { tmpdir } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import { silentLogger } from '@backplane/core'
import { expect, test, vi } from 'vitest'
import { WorkerProcess } from './worker-process.ts'

test.runIf(process.platform === 'linux')(
  'its end is told once, though a child that left the group holds the pipes for longer',
  async () => {
    const ended = vi.fn()
    const worker = new WorkerProcess({
      command: '/bin/sh',
      // The pause gives it the time to leave.
      args: ['-c', 'setsid sleep 2 & sleep 0.3; exit 3'],
      cwd: tmpdir(),
      env: { PATH: process.env.PATH ?? '' },
      maxMessageBytes: 1024,
      logger: silentLogger,
      receive() {},
      ended,
    })
    await worker.exited()
    // Until after the pipes are closed from this side.
    await sleep(50)
    expect(ended.mock.calls).toEqual([['it exited with code 3', []]])
  },
)

function started(script: string, cwd = tmpdir()) {
  const ended = vi.fn()
  const env = { PATH: process.env.PATH ?? '' }
  const init = { cwd, env, maxMessageBytes: 1024, logger: silentLogger, receive() {}, ended }
  return { worker: new WorkerProcess({ command: '/bin/sh', args: ['-c', script], ...init }), ended }
}

test('one that closes its line to the host, and would be waited for in vain, is ended', async () => {
  const { worker, ended } = started('exec 4>&-; sleep 100')
  await worker.exited()
  expect(ended.mock.calls).toEqual([['it closed its line to the host', []]])
})

test('one that ends soon after that has its own reason', async () => {
  const { worker, ended } = started('exec 4>&-; exit 9')
  await worker.exited()
  expect(ended.mock.calls).toEqual([['it exited with code 9', []]])
})

test('a folder that is gone is named, not the program', async () => {
  const { worker, ended } = started('exit 0', '/nowhere/at/all')
  await worker.exited()
  expect(ended.mock.calls).toEqual([["it could not be started: its folder '/nowhere/at/all' is not there", []]])
})

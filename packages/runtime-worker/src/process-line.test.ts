import { tmpdir } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import { silentLogger } from '@backplane/core'
import { expect, test, vi } from 'vitest'
import { ProcessLine } from './process-line.ts'

function started(script: string, cwd = tmpdir()) {
  const ended = vi.fn()
  const line = new ProcessLine({
    command: '/bin/sh',
    args: ['-c', script],
    cwd,
    env: { PATH: process.env.PATH ?? '' },
    maxMessageBytes: 1024,
    busyPollMs: 0,
    graceMs: 0,
    logger: silentLogger,
    ends: { receive() {}, ended },
  })
  return { line, ended }
}

const details = { stderr: [] }

test.runIf(process.platform === 'linux')(
  'its end is told once, though a child that left the group holds the pipes for longer',
  async () => {
    // The pause gives it the time to leave.
    const { line, ended } = started('setsid sleep 2 & sleep 0.3; exit 3')
    await line.exited
    // Until after the pipes are closed from this side.
    await sleep(50)
    expect(ended.mock.calls).toEqual([['it exited with code 3', { details }]])
  },
)

test('one that closes its line to the host, and would be waited for in vain, is ended', async () => {
  const { line, ended } = started('exec 4>&-; sleep 100')
  await line.exited
  expect(ended.mock.calls).toEqual([['it closed its line to the host', { details }]])
})

test('one that ends soon after that has its own reason', async () => {
  const { line, ended } = started('exec 4>&-; exit 9')
  await line.exited
  expect(ended.mock.calls).toEqual([['it exited with code 9', { details }]])
})

test('what it said on stderr stands in its reason', async () => {
  const { line, ended } = started('echo one >&2; echo two >&2; exit 1')
  await line.exited
  const reason = 'it exited with code 1; its stderr ends with: one / two'
  expect(ended.mock.calls).toEqual([[reason, { details: { stderr: ['one', 'two'] } }]])
})

test('a folder that is gone is named, not the program', async () => {
  const { line, ended } = started('exit 0', '/nowhere/at/all')
  await line.exited
  expect(ended.mock.calls).toEqual([
    ["it could not be started: its folder '/nowhere/at/all' is not there", { details }],
  ])
})

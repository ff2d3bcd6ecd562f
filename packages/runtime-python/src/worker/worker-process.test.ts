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

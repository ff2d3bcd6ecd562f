/**
 * What a new user types first, as the README says it: `npm start`, and in a second terminal `npx backplane invoke …`.
 */
import assert from 'node:assert/strict'
import { interop } from '../interop/harness.ts'
import { run } from './process.ts'
import { root } from './workspace.ts'

await interop('first-run', async ({ check, start }) => {
  const host = await start('npm', ['start'], {
    cwd: root,
    ready: /npx backplane invoke/,
    group: true,
    timeoutMs: 60_000,
  })
  try {
    await check('npm start says what is loaded and where to connect', () => {
      assert.match(host.output(), /hello/)
      assert.match(host.output(), /nats:\/\//)
    })
    await check('npx backplane invoke hello_world answers', async () => {
      const params = JSON.stringify({ name: 'plugin' })
      const { ok, output } = await run('npx', ['backplane', 'invoke', 'hello_world', '--params', params], { cwd: root })
      assert.ok(ok, output)
      assert.match(output, /^\{"message":"Hello, plugin!"\}$/m)
    })
    await check('the host ends when it is interrupted', async () => {
      await host.stop('SIGINT')
      assert.doesNotMatch(host.output(), /BP_UNEXPECTED|UnhandledPromise/)
    })
  } finally {
    await host.stop('SIGKILL')
  }
})

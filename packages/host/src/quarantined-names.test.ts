import { type BackplaneError, createHost } from '@backplane/core'
import { functionRuntime } from '@backplane/core/memory'
import { expect, test } from 'vitest'
import { quarantinedNames } from './quarantined-names.ts'

test('a name of a quarantined plugin says so, and what lifts it; other names stay unknown', async () => {
  await using host = createHost({ identity: { deviceId: 'h' }, runtimes: [functionRuntime()] })
  const explain = quarantinedNames(host)
  let crash: (() => void) | undefined
  await host.load({
    manifest: { id: 'p', restart: { intensity: 0 } },
    module: {
      functions: { greet: () => 'hi' },
      setup: (context: { crash(reason: string): void }) => {
        crash = () => context.crash('on purpose')
      },
    },
  })
  expect(crash).toBeDefined()
  const asked = async (name: string) => explain(await host.call(name).catch((error) => error), name) as BackplaneError
  crash?.()
  expect(host.plugin('p')?.state).toBe('quarantined')
  for (const name of ['greet', 'p.greet', 'p.other']) {
    expect(await asked(name)).toMatchObject({
      code: 'BP_PLUGIN_QUARANTINED',
      message: expect.stringContaining('on purpose'),
      next: expect.stringContaining('reload'),
    })
  }
  expect(await asked('nobody')).toMatchObject({ code: 'BP_FUNCTION_UNKNOWN' })
  expect(explain('text', 'greet')).toBe('text')
})

import { expect, it } from 'vitest'
import type { Mesh } from './contracts/mesh.ts'
import { Outbox } from './outbox.ts'

it('sends what was emitted while it opens after what waited', async () => {
  const sent: string[] = []
  const mesh = {
    async emit(event: string) {
      await undefined
      sent.push(event)
    },
  }
  const outbox = new Outbox(mesh as unknown as Mesh)
  for (const event of ['first', 'second', 'third']) await outbox.send(event, {})
  const opening = outbox.open()
  await outbox.send('fourth', {})
  await opening
  await outbox.send('fifth', {})
  expect(sent).toEqual(['first', 'second', 'third', 'fourth', 'fifth'])
})

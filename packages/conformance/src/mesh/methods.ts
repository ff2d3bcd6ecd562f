import type { Mesh } from '@backplane/core'

/** Every method that needs a connection and says so, called in its plainest way. */
export const methods: readonly { readonly name: string; call(mesh: Mesh, device: string): Promise<unknown> }[] = [
  { name: 'emit', call: (mesh) => mesh.emit('said', {}) },
  { name: 'discover', call: (mesh) => mesh.discover() },
  { name: 'invoke', call: (mesh, device) => mesh.invoke(device, 'echo') },
]

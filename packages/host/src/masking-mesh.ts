import type { MeshFactory } from '@backplane/core'
import { maskError } from '@backplane/core/runtime'

/**
 * A mesh that answers calls as `factory`'s does, but for secrets in errors: what a plugin threw, or said as it crashed,
 * reaches callers without what is a secret by name or form. Results are the plugin's own word and stay as they are.
 * `explain` may put a better error in place of one.
 */
export function maskingMesh(
  factory: MeshFactory,
  explain = (thrown: unknown, _name: string): unknown => thrown,
): MeshFactory {
  return (components) => {
    const mesh = factory(components)
    const serve = mesh.serve.bind(mesh)
    return Object.assign(mesh, {
      serve: (handler: Parameters<typeof serve>[0]) =>
        serve(async (call) => {
          try {
            return await handler(call)
          } catch (thrown) {
            const error = explain(thrown, call.name)
            throw error instanceof Error ? maskError(error) : error
          }
        }),
    })
  }
}

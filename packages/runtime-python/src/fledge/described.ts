import type { Manifest } from '@backplane/core'

/** Marks what the code added to a manifest; a symbol travels with copies of the object and never into JSON. */
const written = Symbol('backplane.manifest.written')

/**
 * Completes a manifest by what the plugin's code says. What a person wrote down wins, and {@link writtenOf} gives it
 * again: a plugin that is loaded again is asked again.
 */
export function describedAs(manifest: Manifest, told: Partial<Manifest> | undefined): Manifest {
  return { ...told, ...manifest, [written]: manifest } as Manifest
}

/** Gives a manifest as it was before the plugin's code completed it. */
export function writtenOf(manifest: Manifest): Manifest {
  return (manifest as { readonly [written]?: Manifest })[written] ?? manifest
}

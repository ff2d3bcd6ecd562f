/** What is known about a manifest beside its text. */
export interface ManifestOrigin {
  /** Name of the folder that it lies in: the id of a manifest that has none (Device Connect's rule). */
  readonly folder?: string
}

/**
 * Adapts Device Connect's two manifest forms; everything else comes back as it is.
 *
 * The Python form (`class_name`, optional `entry_point`, `dependencies.python`) is a subset of ours but for its
 * defaults: the folder's name is the id, `capability.py` the entry point, and `null` means absent. The docker form
 * (`type: docker`) becomes the sidecar section. Source: the plugin driver 0.1.1, its loader and
 * `install_plugin_from_docker`.
 */
export function fromDeviceConnect(value: unknown, origin: ManifestOrigin): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
  const given = Object.entries(value).filter(([, item]) => item !== null)
  const manifest: Record<string, unknown> = Object.fromEntries(given)
  if (manifest.id === undefined && origin.folder !== undefined) manifest.id = origin.folder
  if (manifest.type === 'docker') return docker(manifest)
  const python = manifest.class_name !== undefined && manifest.runtime === undefined
  if (python && manifest.entry_point === undefined) manifest.entry_point = 'capability.py'
  return manifest
}

function docker({ type: _, image, digest, port, env, pull, ...rest }: Record<string, unknown>): unknown {
  const asked = { image, digest, port, env, pull }
  const sidecar = Object.fromEntries(Object.entries(asked).filter(([, item]) => item !== undefined))
  return { ...rest, runtime: 'sidecar', sidecar }
}

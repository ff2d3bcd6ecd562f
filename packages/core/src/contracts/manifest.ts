// The contract's place in the picture; the types are generated from `manifest.schema.json`'s own source.
export type {
  EventDescriptor,
  EventFilter,
  FunctionDescriptor,
  Labels,
  Limits,
  Manifest,
  ManifestConfigItem,
  Permissions,
  PluginId,
  RestartPolicy,
} from '../manifest/generated/types.ts'

// Original file: tflint.proto

export const ModuleCtxType = {
  MODULE_CTX_TYPE_UNSPECIFIED: 'MODULE_CTX_TYPE_UNSPECIFIED',
  MODULE_CTX_TYPE_SELF: 'MODULE_CTX_TYPE_SELF',
  MODULE_CTX_TYPE_ROOT: 'MODULE_CTX_TYPE_ROOT',
} as const;

export type ModuleCtxType =
  | 'MODULE_CTX_TYPE_UNSPECIFIED'
  | 0
  | 'MODULE_CTX_TYPE_SELF'
  | 1
  | 'MODULE_CTX_TYPE_ROOT'
  | 2

export type ModuleCtxType__Output = typeof ModuleCtxType[keyof typeof ModuleCtxType]

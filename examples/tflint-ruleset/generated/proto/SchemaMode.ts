// Original file: tflint.proto

export const SchemaMode = {
  SCHEMA_MODE_UNSPECIFIED: 'SCHEMA_MODE_UNSPECIFIED',
  SCHEMA_MODE_DEFAULT: 'SCHEMA_MODE_DEFAULT',
  SCHEMA_MODE_JUST_ATTRIBUTES: 'SCHEMA_MODE_JUST_ATTRIBUTES',
} as const;

export type SchemaMode =
  | 'SCHEMA_MODE_UNSPECIFIED'
  | 0
  | 'SCHEMA_MODE_DEFAULT'
  | 1
  | 'SCHEMA_MODE_JUST_ATTRIBUTES'
  | 2

export type SchemaMode__Output = typeof SchemaMode[keyof typeof SchemaMode]

// Original file: tflint.proto

import type { ModuleCtxType as _proto_ModuleCtxType, ModuleCtxType__Output as _proto_ModuleCtxType__Output } from '../proto/ModuleCtxType.ts';
import type { BodySchema as _proto_BodySchema, BodySchema__Output as _proto_BodySchema__Output } from '../proto/BodySchema.ts';
import type { BodyContent as _proto_BodyContent, BodyContent__Output as _proto_BodyContent__Output } from '../proto/BodyContent.ts';

// Original file: tflint.proto

export const _proto_GetModuleContent_ExpandMode = {
  EXPAND_MODE_UNSPECIFIED: 'EXPAND_MODE_UNSPECIFIED',
  EXPAND_MODE_NONE: 'EXPAND_MODE_NONE',
  EXPAND_MODE_EXPAND: 'EXPAND_MODE_EXPAND',
} as const;

export type _proto_GetModuleContent_ExpandMode =
  | 'EXPAND_MODE_UNSPECIFIED'
  | 0
  | 'EXPAND_MODE_NONE'
  | 1
  | 'EXPAND_MODE_EXPAND'
  | 2

export type _proto_GetModuleContent_ExpandMode__Output = typeof _proto_GetModuleContent_ExpandMode[keyof typeof _proto_GetModuleContent_ExpandMode]

export interface _proto_GetModuleContent_Hint {
  'resourceType'?: (string);
}

export interface _proto_GetModuleContent_Hint__Output {
  'resourceType': (string);
}

export interface _proto_GetModuleContent_Option {
  'moduleCtx'?: (_proto_ModuleCtxType);
  'hint'?: (_proto_GetModuleContent_Hint | null);
  'expandMode'?: (_proto_GetModuleContent_ExpandMode);
}

export interface _proto_GetModuleContent_Option__Output {
  'moduleCtx': (_proto_ModuleCtxType__Output);
  'hint': (_proto_GetModuleContent_Hint__Output | null);
  'expandMode': (_proto_GetModuleContent_ExpandMode__Output);
}

export interface _proto_GetModuleContent_Request {
  'schema'?: (_proto_BodySchema | null);
  'option'?: (_proto_GetModuleContent_Option | null);
}

export interface _proto_GetModuleContent_Request__Output {
  'schema': (_proto_BodySchema__Output | null);
  'option': (_proto_GetModuleContent_Option__Output | null);
}

export interface _proto_GetModuleContent_Response {
  'content'?: (_proto_BodyContent | null);
}

export interface _proto_GetModuleContent_Response__Output {
  'content': (_proto_BodyContent__Output | null);
}

export interface GetModuleContent {
}

export interface GetModuleContent__Output {
}

// Original file: tfplugin6.proto

import type { DynamicValue as _tfplugin6_DynamicValue, DynamicValue__Output as _tfplugin6_DynamicValue__Output } from '../tfplugin6/DynamicValue.ts';
import type { Diagnostic as _tfplugin6_Diagnostic, Diagnostic__Output as _tfplugin6_Diagnostic__Output } from '../tfplugin6/Diagnostic.ts';

export interface _tfplugin6_ReadResource_Request {
  'typeName'?: (string);
  'currentState'?: (_tfplugin6_DynamicValue | null);
  'private'?: (Buffer | Uint8Array | string);
}

export interface _tfplugin6_ReadResource_Request__Output {
  'typeName': (string);
  'currentState': (_tfplugin6_DynamicValue__Output | null);
  'private': (Buffer);
}

export interface _tfplugin6_ReadResource_Response {
  'newState'?: (_tfplugin6_DynamicValue | null);
  'diagnostics'?: (_tfplugin6_Diagnostic)[];
  'private'?: (Buffer | Uint8Array | string);
}

export interface _tfplugin6_ReadResource_Response__Output {
  'newState': (_tfplugin6_DynamicValue__Output | null);
  'diagnostics': (_tfplugin6_Diagnostic__Output)[];
  'private': (Buffer);
}

export interface ReadResource {
}

export interface ReadResource__Output {
}

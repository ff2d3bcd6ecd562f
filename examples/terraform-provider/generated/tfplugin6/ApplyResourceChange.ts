// Original file: tfplugin6.proto

import type { DynamicValue as _tfplugin6_DynamicValue, DynamicValue__Output as _tfplugin6_DynamicValue__Output } from '../tfplugin6/DynamicValue.ts';
import type { Diagnostic as _tfplugin6_Diagnostic, Diagnostic__Output as _tfplugin6_Diagnostic__Output } from '../tfplugin6/Diagnostic.ts';

export interface _tfplugin6_ApplyResourceChange_Request {
  'typeName'?: (string);
  'priorState'?: (_tfplugin6_DynamicValue | null);
  'plannedState'?: (_tfplugin6_DynamicValue | null);
  'config'?: (_tfplugin6_DynamicValue | null);
  'plannedPrivate'?: (Buffer | Uint8Array | string);
}

export interface _tfplugin6_ApplyResourceChange_Request__Output {
  'typeName': (string);
  'priorState': (_tfplugin6_DynamicValue__Output | null);
  'plannedState': (_tfplugin6_DynamicValue__Output | null);
  'config': (_tfplugin6_DynamicValue__Output | null);
  'plannedPrivate': (Buffer);
}

export interface _tfplugin6_ApplyResourceChange_Response {
  'newState'?: (_tfplugin6_DynamicValue | null);
  'private'?: (Buffer | Uint8Array | string);
  'diagnostics'?: (_tfplugin6_Diagnostic)[];
}

export interface _tfplugin6_ApplyResourceChange_Response__Output {
  'newState': (_tfplugin6_DynamicValue__Output | null);
  'private': (Buffer);
  'diagnostics': (_tfplugin6_Diagnostic__Output)[];
}

export interface ApplyResourceChange {
}

export interface ApplyResourceChange__Output {
}

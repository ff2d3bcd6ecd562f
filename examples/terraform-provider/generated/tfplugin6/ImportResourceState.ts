// Original file: tfplugin6.proto

import type { DynamicValue as _tfplugin6_DynamicValue, DynamicValue__Output as _tfplugin6_DynamicValue__Output } from '../tfplugin6/DynamicValue.ts';
import type { Diagnostic as _tfplugin6_Diagnostic, Diagnostic__Output as _tfplugin6_Diagnostic__Output } from '../tfplugin6/Diagnostic.ts';

export interface _tfplugin6_ImportResourceState_ImportedResource {
  'typeName'?: (string);
  'state'?: (_tfplugin6_DynamicValue | null);
  'private'?: (Buffer | Uint8Array | string);
}

export interface _tfplugin6_ImportResourceState_ImportedResource__Output {
  'typeName': (string);
  'state': (_tfplugin6_DynamicValue__Output | null);
  'private': (Buffer);
}

export interface _tfplugin6_ImportResourceState_Request {
  'typeName'?: (string);
  'id'?: (string);
}

export interface _tfplugin6_ImportResourceState_Request__Output {
  'typeName': (string);
  'id': (string);
}

export interface _tfplugin6_ImportResourceState_Response {
  'importedResources'?: (_tfplugin6_ImportResourceState_ImportedResource)[];
  'diagnostics'?: (_tfplugin6_Diagnostic)[];
}

export interface _tfplugin6_ImportResourceState_Response__Output {
  'importedResources': (_tfplugin6_ImportResourceState_ImportedResource__Output)[];
  'diagnostics': (_tfplugin6_Diagnostic__Output)[];
}

export interface ImportResourceState {
}

export interface ImportResourceState__Output {
}

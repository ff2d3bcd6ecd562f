// Original file: tfplugin6.proto

import type { DynamicValue as _tfplugin6_DynamicValue, DynamicValue__Output as _tfplugin6_DynamicValue__Output } from '../tfplugin6/DynamicValue.ts';
import type { AttributePath as _tfplugin6_AttributePath, AttributePath__Output as _tfplugin6_AttributePath__Output } from '../tfplugin6/AttributePath.ts';
import type { Diagnostic as _tfplugin6_Diagnostic, Diagnostic__Output as _tfplugin6_Diagnostic__Output } from '../tfplugin6/Diagnostic.ts';

export interface _tfplugin6_PlanResourceChange_Request {
  'typeName'?: (string);
  'priorState'?: (_tfplugin6_DynamicValue | null);
  'proposedNewState'?: (_tfplugin6_DynamicValue | null);
  'config'?: (_tfplugin6_DynamicValue | null);
  'priorPrivate'?: (Buffer | Uint8Array | string);
}

export interface _tfplugin6_PlanResourceChange_Request__Output {
  'typeName': (string);
  'priorState': (_tfplugin6_DynamicValue__Output | null);
  'proposedNewState': (_tfplugin6_DynamicValue__Output | null);
  'config': (_tfplugin6_DynamicValue__Output | null);
  'priorPrivate': (Buffer);
}

export interface _tfplugin6_PlanResourceChange_Response {
  'plannedState'?: (_tfplugin6_DynamicValue | null);
  'requiresReplace'?: (_tfplugin6_AttributePath)[];
  'plannedPrivate'?: (Buffer | Uint8Array | string);
  'diagnostics'?: (_tfplugin6_Diagnostic)[];
}

export interface _tfplugin6_PlanResourceChange_Response__Output {
  'plannedState': (_tfplugin6_DynamicValue__Output | null);
  'requiresReplace': (_tfplugin6_AttributePath__Output)[];
  'plannedPrivate': (Buffer);
  'diagnostics': (_tfplugin6_Diagnostic__Output)[];
}

export interface PlanResourceChange {
}

export interface PlanResourceChange__Output {
}

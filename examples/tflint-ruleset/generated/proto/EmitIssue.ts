// Original file: tflint.proto

import type { Range as _proto_Range, Range__Output as _proto_Range__Output } from '../proto/Range.ts';

export interface _proto_EmitIssue_Request {
  'rule'?: (_proto_EmitIssue_Rule | null);
  'message'?: (string);
  'range'?: (_proto_Range | null);
  'fixable'?: (boolean);
}

export interface _proto_EmitIssue_Request__Output {
  'rule': (_proto_EmitIssue_Rule__Output | null);
  'message': (string);
  'range': (_proto_Range__Output | null);
  'fixable': (boolean);
}

export interface _proto_EmitIssue_Response {
  'applied'?: (boolean);
}

export interface _proto_EmitIssue_Response__Output {
  'applied': (boolean);
}

export interface _proto_EmitIssue_Rule {
  'name'?: (string);
  'enabled'?: (boolean);
  'severity'?: (_proto_EmitIssue_Severity);
  'link'?: (string);
}

export interface _proto_EmitIssue_Rule__Output {
  'name': (string);
  'enabled': (boolean);
  'severity': (_proto_EmitIssue_Severity__Output);
  'link': (string);
}

// Original file: tflint.proto

export const _proto_EmitIssue_Severity = {
  SEVERITY_UNSPECIFIED: 'SEVERITY_UNSPECIFIED',
  SEVERITY_ERROR: 'SEVERITY_ERROR',
  SEVERITY_WARNING: 'SEVERITY_WARNING',
  SEVERITY_NOTICE: 'SEVERITY_NOTICE',
} as const;

export type _proto_EmitIssue_Severity =
  | 'SEVERITY_UNSPECIFIED'
  | 0
  | 'SEVERITY_ERROR'
  | 1
  | 'SEVERITY_WARNING'
  | 2
  | 'SEVERITY_NOTICE'
  | 3

export type _proto_EmitIssue_Severity__Output = typeof _proto_EmitIssue_Severity[keyof typeof _proto_EmitIssue_Severity]

export interface EmitIssue {
}

export interface EmitIssue__Output {
}

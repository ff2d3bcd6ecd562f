// Original file: tflint.proto

import type { ModuleCtxType as _proto_ModuleCtxType, ModuleCtxType__Output as _proto_ModuleCtxType__Output } from '../proto/ModuleCtxType.ts';
import type { Expression as _proto_Expression, Expression__Output as _proto_Expression__Output } from '../proto/Expression.ts';
import type { ValueMark as _proto_ValueMark, ValueMark__Output as _proto_ValueMark__Output } from '../proto/ValueMark.ts';

export interface _proto_EvaluateExpr_Option {
  'type'?: (Buffer | Uint8Array | string);
  'moduleCtx'?: (_proto_ModuleCtxType);
}

export interface _proto_EvaluateExpr_Option__Output {
  'type': (Buffer);
  'moduleCtx': (_proto_ModuleCtxType__Output);
}

export interface _proto_EvaluateExpr_Request {
  'option'?: (_proto_EvaluateExpr_Option | null);
  'expression'?: (_proto_Expression | null);
}

export interface _proto_EvaluateExpr_Request__Output {
  'option': (_proto_EvaluateExpr_Option__Output | null);
  'expression': (_proto_Expression__Output | null);
}

export interface _proto_EvaluateExpr_Response {
  'value'?: (Buffer | Uint8Array | string);
  'marks'?: (_proto_ValueMark)[];
}

export interface _proto_EvaluateExpr_Response__Output {
  'value': (Buffer);
  'marks': (_proto_ValueMark__Output)[];
}

export interface EvaluateExpr {
}

export interface EvaluateExpr__Output {
}

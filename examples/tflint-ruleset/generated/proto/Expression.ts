// Original file: tflint.proto

import type { Range as _proto_Range, Range__Output as _proto_Range__Output } from '../proto/Range.ts';
import type { ValueMark as _proto_ValueMark, ValueMark__Output as _proto_ValueMark__Output } from '../proto/ValueMark.ts';

export interface Expression {
  'bytes'?: (Buffer | Uint8Array | string);
  'range'?: (_proto_Range | null);
  'value'?: (Buffer | Uint8Array | string);
  'valueMarks'?: (_proto_ValueMark)[];
}

export interface Expression__Output {
  'bytes': (Buffer);
  'range': (_proto_Range__Output | null);
  'value': (Buffer);
  'valueMarks': (_proto_ValueMark__Output)[];
}

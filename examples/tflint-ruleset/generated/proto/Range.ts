// Original file: tflint.proto

import type { Long } from '@grpc/proto-loader';

export interface _proto_Range_Pos {
  'line'?: (number | string | Long);
  'column'?: (number | string | Long);
  'byte'?: (number | string | Long);
}

export interface _proto_Range_Pos__Output {
  'line': (number);
  'column': (number);
  'byte': (number);
}

export interface Range {
  'filename'?: (string);
  'start'?: (_proto_Range_Pos | null);
  'end'?: (_proto_Range_Pos | null);
}

export interface Range__Output {
  'filename': (string);
  'start': (_proto_Range_Pos__Output | null);
  'end': (_proto_Range_Pos__Output | null);
}
